package main

import (
	"net"
	"testing"

	"github.com/gofiber/fiber/v3"

	"github.com/sessiongen/sessiongen/examples/frameworks/internal/check"
)

func Test(t *testing.T) {
	app, err := newApp()
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go app.Listener(listener, fiber.ListenConfig{DisableStartupMessage: true})
	t.Cleanup(func() { _ = app.Shutdown() })
	check.Run(t, check.Site(t, "http://"+listener.Addr().String()))
}
