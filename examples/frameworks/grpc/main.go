// This program is one log-in with grpc-go.
package main

import (
	"context"
	"fmt"
	"log"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/grpcsession"
)

//go:generate go tool sessiongen

// session is what the site remembers about a visitor.
type session struct {
	Username string `session:"username,max=64,principal"`
	Visits   int    `session:"visits"`
}

// greet counts a visit of somebody who has logged in.
func greet(sess *Session) string {
	if !sess.HasUsername() {
		return "Hello, stranger."
	}
	sess.UpdateVisits(func(n int) int { return n + 1 })
	return fmt.Sprintf("Hello, %s. Visit %d.", sess.GetUsername(), sess.GetVisits())
}

func main() {
	srv, err := newServer()
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "localhost:8080")
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(srv.Serve(listener))
}

func newServer() (*grpc.Server, error) {
	sessions, err := NewSessionManager(runtime.Config{
		Keys:     runtime.EphemeralKeys(), // for a first run; see docs/keys.md
		Insecure: true,                    // plain http, on your own machine
	})
	if err != nil {
		return nil, err
	}
	srv := grpc.NewServer(
		grpc.ChainUnaryInterceptor(grpcsession.Unary(sessions)),
		grpc.ChainStreamInterceptor(grpcsession.Stream(sessions)),
	)
	srv.RegisterService(&service, site{})
	return srv, nil
}

// The messages are protobuf's own, so that the program needs no generated code but the session's.
type (
	empty = emptypb.Empty
	text  = wrapperspb.StringValue
)

type site struct{}

func (site) Home(ctx context.Context, _ *empty) (*text, error) {
	return wrapperspb.String(greet(SessionFrom(ctx))), nil
}

func (site) LogIn(ctx context.Context, name *text) (*empty, error) {
	SessionFrom(ctx).SetUsername(name.GetValue())
	return &empty{}, nil
}

func (site) LogOut(ctx context.Context, _ *empty) (*empty, error) {
	SessionFrom(ctx).Destroy()
	return &empty{}, nil
}
