package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/sessiongen/sessiongen/examples/frameworks/internal/check"
)

func Test(t *testing.T) {
	handler, err := newHandler()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	check.Run(t, client{check.Browser(t), server.URL})
}

type client struct {
	browser *http.Client
	url     string
}

func (c client) Home() (string, error) {
	out, err := call[empty, text](c, "/site/Home", &empty{})
	return out.GetValue(), err
}

func (c client) LogIn(name string) error {
	_, err := call[text, empty](c, "/site/LogIn", wrapperspb.String(name))
	return err
}

func (c client) LogOut() error {
	_, err := call[empty, empty](c, "/site/LogOut", &empty{})
	return err
}

func call[In, Out any](c client, procedure string, in *In) (*Out, error) {
	resp, err := connect.NewClient[In, Out](c.browser, c.url+procedure).CallUnary(context.Background(), connect.NewRequest(in))
	if err != nil {
		return nil, err
	}
	return resp.Msg, nil
}
