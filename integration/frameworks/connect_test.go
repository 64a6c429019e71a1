package frameworks

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"

	"connectrpc.com/connect"
	"github.com/go-chi/chi/v5/middleware"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/sessiongen/sessiongen/integration/frameworks/check"
)

func TestConnect(t *testing.T) {
	check.Run(t, check.Framework{Name: "connect", Start: startConnect, Without: withoutPages(nil)})
}

func startConnect(t *testing.T, s check.Site) check.Client {
	mux := http.NewServeMux()
	for _, path := range check.Paths {
		mux.Handle(procedure(path), connectHandler(path))
	}
	var h http.Handler = mux
	switch s.Scope {
	case check.All:
		h = s.Sessions.Handler(mux)
	case check.Group, check.Route: // a service is a handler of its own
		mux.Handle(check.GroupPath, s.Sessions.Handler(connectHandler(check.GroupPath)))
	}
	if s.Recover {
		h = middleware.Recoverer(h)
	}
	log := func(status int) {
		if status == http.StatusBadRequest {
			status = http.StatusUnprocessableEntity // FailedPrecondition is sent as 400
		}
		s.Log(status)
	}
	return connectClient{string(serve(t, logged(log, h)).(check.HTTP))}
}

func connectHandler(path string) http.Handler {
	if streams(path) {
		return connect.NewServerStreamHandler(procedure(path), func(ctx context.Context, r *connect.Request[text], ss *connect.ServerStream[text]) error {
			return stream(ctx, path, r.Msg, ss.Send)
		})
	}
	return connect.NewUnaryHandler(procedure(path), func(ctx context.Context, r *connect.Request[text]) (*connect.Response[text], error) {
		out, err := call(ctx, path, r.Msg)
		return connect.NewResponse(out), err
	}, connect.WithInterceptors(connect.UnaryInterceptorFunc(connectMistakes)))
}

func connectMistakes(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, r connect.AnyRequest) (connect.AnyResponse, error) {
		out, err := next(ctx, r)
		switch {
		case errors.Is(err, denied):
			return nil, connect.NewError(connect.CodePermissionDenied, err)
		case errors.Is(err, failed):
			return nil, connect.NewError(connect.CodeInternal, err)
		case err != nil:
			_, text := check.HandleError(ctx, err)
			return nil, connect.NewError(connect.CodeFailedPrecondition, errors.New(text))
		}
		return out, nil
	}
}

var connectStatus = map[connect.Code]int{
	connect.CodeUnknown: http.StatusInternalServerError, connect.CodeInternal: http.StatusInternalServerError,
	connect.CodeUnavailable: http.StatusServiceUnavailable, connect.CodePermissionDenied: http.StatusForbidden,
	connect.CodeFailedPrecondition: http.StatusUnprocessableEntity, connect.CodeUnimplemented: http.StatusNotFound,
}

type connectClient struct{ url string }

// recorder keeps the header of a response: the error of a call only has a part of it.
type recorder struct{ header http.Header }

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err == nil {
		r.header = resp.Header
	}
	return resp, err
}

func (c connectClient) Do(t *testing.T, _, path, arg, cookie string) check.Reply {
	sent := new(recorder)
	client := connect.NewClient[text, text](&http.Client{Transport: sent}, c.url+procedure(path))
	r := connect.NewRequest(wrapperspb.String(arg))
	if cookie != "" {
		r.Header().Set("Cookie", cookie)
	}
	if streams(path) {
		ss, err := client.CallServerStream(t.Context(), r)
		if err != nil {
			return connectFailure(err, sent.header)
		}
		defer ss.Close()
		body := ""
		for ss.Receive() {
			body += ss.Msg().GetValue()
		}
		if ss.Err() != nil {
			return connectFailure(ss.Err(), sent.header)
		}
		return check.Reply{Status: http.StatusOK, Body: body, Header: sent.header, SetCookies: sent.header["Set-Cookie"]}
	}
	resp, err := client.CallUnary(t.Context(), r)
	if err != nil {
		return connectFailure(err, sent.header)
	}
	return check.Reply{Status: http.StatusOK, Body: resp.Msg.GetValue(), Header: sent.header, SetCookies: sent.header["Set-Cookie"]}
}

func connectFailure(err error, header http.Header) check.Reply {
	var failure *connect.Error
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || !errors.As(err, &failure) {
		return check.Reply{}
	}
	return check.Reply{Status: connectStatus[failure.Code()], Body: failure.Message(), Header: header, SetCookies: header["Set-Cookie"]}
}
