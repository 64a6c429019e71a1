// Package grpcsession is the session middleware for grpc-go:
//
//	grpc.NewServer(
//		grpc.ChainUnaryInterceptor(grpcsession.Unary(sessions)),
//		grpc.ChainStreamInterceptor(grpcsession.Stream(sessions)),
//	)
//
// Handlers take the session from their context: SessionFrom(ctx), or SessionFrom(stream.Context()).
//
// Cookies travel in the metadata. The client sends its cookies as "cookie", and gets new ones as
// "set-cookie" in the header metadata, even if the call fails.
package grpcsession

import (
	"context"
	"net/http"
	"sync"

	"google.golang.org/grpc"
)

// Unary returns an interceptor that runs the Handler of sessions, such as a
// [github.com/sessiongen/sessiongen/runtime.Manager], around unary calls.
//
// The session is saved when the handler returns, or earlier when it sends the header metadata.
func Unary(sessions interface {
	Handler(http.Handler) http.Handler
}) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (resp any, err error) {
		err = serve(ctx, sessions, info.FullMethod, func(ctx context.Context, _ *exchange) (err error) {
			resp, err = handler(ctx, req)
			return err
		})
		if err != nil {
			return nil, err
		}
		return resp, nil
	}
}

// Stream returns an interceptor that runs the Handler of sessions, such as a
// [github.com/sessiongen/sessiongen/runtime.Manager], around streams.
//
// The session is saved before the first message or the header metadata is sent, or when the
// handler returns. If it cannot be saved, that message is not sent, and the call fails.
func Stream(sessions interface {
	Handler(http.Handler) http.Handler
}) grpc.StreamServerInterceptor {
	return func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		return serve(ss.Context(), sessions, info.FullMethod, func(ctx context.Context, x *exchange) error {
			return handler(srv, &stream{ss, ctx, x})
		})
	}
}

// serve runs a call within Handler.
func serve(ctx context.Context, sessions interface {
	Handler(http.Handler) http.Handler
}, method string, call func(context.Context, *exchange) error) (err error) {
	below := &writer{ctx: ctx, header: make(http.Header)}
	defer below.WriteHeader(http.StatusInternalServerError) // also after a panic: a log-out counts
	sessions.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := &exchange{above: w, below: below}
		ctx := r.Context()
		if t := grpc.ServerTransportStreamFromContext(ctx); t != nil {
			ctx = grpc.NewContextWithServerTransportStream(ctx, &transport{t, x})
		}
		err = call(ctx, x)
		if failure := x.begin(statusOf(err)); failure != nil {
			err = failure
		}
	})).ServeHTTP(below, request(ctx, method))
	return err
}

// exchange begins the response of a call.
type exchange struct {
	above http.ResponseWriter
	below *writer

	once    sync.Once
	failure error // Handler's answer in place of the handler's
}

// begin lets Handler save the session. It returns an error if Handler has answered itself.
func (x *exchange) begin(status int) error {
	x.once.Do(func() {
		x.above.WriteHeader(status)
		if _, err := x.above.Write(nil); err != nil {
			x.failure = x.below.failure()
		}
	})
	return x.failure
}
