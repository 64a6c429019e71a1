// This program is one log-in with connect.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/sessiongen/sessiongen/runtime"
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
	handler, err := newHandler()
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe("localhost:8080", handler))
}

// The messages are protobuf's own, so that the program needs no generated code but the session's.
type (
	empty = emptypb.Empty
	text  = wrapperspb.StringValue
)

func newHandler() (http.Handler, error) {
	sessions, err := NewSessionManager(runtime.Config{
		Keys:     runtime.EphemeralKeys(), // for a first run; see docs/keys.md
		Insecure: true,                    // plain http, on your own machine
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/site/Home", connect.NewUnaryHandler("/site/Home",
		func(ctx context.Context, _ *connect.Request[empty]) (*connect.Response[text], error) {
			return connect.NewResponse(wrapperspb.String(greet(SessionFrom(ctx)))), nil
		}))
	mux.Handle("/site/LogIn", connect.NewUnaryHandler("/site/LogIn",
		func(ctx context.Context, r *connect.Request[text]) (*connect.Response[empty], error) {
			SessionFrom(ctx).SetUsername(r.Msg.GetValue())
			return connect.NewResponse(&empty{}), nil
		}))
	mux.Handle("/site/LogOut", connect.NewUnaryHandler("/site/LogOut",
		func(ctx context.Context, _ *connect.Request[empty]) (*connect.Response[empty], error) {
			SessionFrom(ctx).Destroy()
			return connect.NewResponse(&empty{}), nil
		}))
	return sessions.Handler(mux), nil
}
