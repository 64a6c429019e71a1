package main

import (
	"context"
	"net"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/sessiongen/sessiongen/examples/frameworks/internal/check"
)

func Test(t *testing.T) {
	srv, err := newServer()
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go srv.Serve(listener)
	t.Cleanup(srv.Stop)
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	check.Run(t, &client{conn: conn})
}

// client keeps the cookie itself.
type client struct {
	conn   *grpc.ClientConn
	cookie string
}

func (c *client) Home() (string, error) {
	out := new(text)
	err := c.call("/site/Home", &empty{}, out)
	return out.GetValue(), err
}

func (c *client) LogIn(name string) error {
	return c.call("/site/LogIn", wrapperspb.String(name), new(empty))
}

func (c *client) LogOut() error { return c.call("/site/LogOut", &empty{}, new(empty)) }

func (c *client) call(method string, in, out any) error {
	var header metadata.MD
	ctx := metadata.AppendToOutgoingContext(context.Background(), "cookie", c.cookie)
	err := c.conn.Invoke(ctx, method, in, out, grpc.Header(&header))
	for _, line := range header.Get("set-cookie") {
		c.cookie, _, _ = strings.Cut(line, ";")
	}
	return err
}
