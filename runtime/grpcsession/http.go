package grpcsession

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
)

// request returns the call as a request for Handler.
func request(ctx context.Context, method string) *http.Request {
	r := &http.Request{
		Method: http.MethodPost, URL: &url.URL{Path: method}, RequestURI: method,
		Proto: "HTTP/2.0", ProtoMajor: 2, Header: make(http.Header), Body: http.NoBody,
	}
	md, _ := metadata.FromIncomingContext(ctx)
	for key, values := range md {
		r.Header[http.CanonicalHeaderKey(key)] = values
	}
	if authority := md[":authority"]; len(authority) > 0 {
		r.Host = authority[0]
	}
	if p, ok := peer.FromContext(ctx); ok && p.Addr != nil {
		r.RemoteAddr = p.Addr.String()
	}
	return r.WithContext(ctx)
}

// writer is the response writer for Handler. It puts the cookies into the header metadata.
type writer struct {
	ctx    context.Context
	header http.Header
	status int
	body   strings.Builder // from Config.ErrorHandler
}

func (w *writer) Header() http.Header { return w.header }

func (w *writer) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
		w.sendCookies()
	}
}

func (w *writer) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(b)
}

func (w *writer) sendCookies() {
	if lines := w.header["Set-Cookie"]; len(lines) > 0 {
		_ = grpc.SetHeader(w.ctx, metadata.MD{"set-cookie": lines})
	}
}

// failure returns Handler's own answer as an error, or nil.
func (w *writer) failure() error {
	code := codes.Internal
	switch w.status {
	case http.StatusServiceUnavailable:
		code = codes.Unavailable
	case http.StatusRequestEntityTooLarge, http.StatusRequestHeaderFieldsTooLarge, http.StatusTooManyRequests:
		code = codes.ResourceExhausted
	case http.StatusBadRequest:
		code = codes.InvalidArgument
	case http.StatusUnauthorized:
		code = codes.Unauthenticated
	case http.StatusForbidden:
		code = codes.PermissionDenied
	}
	return status.Error(code, strings.TrimSpace(w.body.String()))
}

// statusOf returns an HTTP status for the error of a call. It tells whether the failure is the
// server's.
func statusOf(err error) int {
	switch status.Code(err) {
	case codes.OK:
		return http.StatusOK
	case codes.Unknown, codes.DeadlineExceeded, codes.Unimplemented, codes.Internal, codes.Unavailable, codes.DataLoss:
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}
