package main

import (
	"net/http/httptest"
	"testing"

	"github.com/sessiongen/sessiongen/examples/frameworks/internal/check"
)

func Test(t *testing.T) {
	handler, err := newHandler()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	check.Run(t, check.Site(t, server.URL))
}
