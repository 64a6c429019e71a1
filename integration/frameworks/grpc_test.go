package frameworks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/sessiongen/sessiongen/integration/frameworks/check"
	"github.com/sessiongen/sessiongen/runtime/grpcsession"
)

func TestGRPC(t *testing.T) {
	check.Run(t, check.Framework{Name: "grpc-go", Start: startGRPC, Without: withoutPages(map[string]string{
		"panic":     "it ends the process, with or without sessions",
		"not found": "no interceptor runs",
	})})
}

// An interceptor works for both kinds of calls.
type interceptor func(ctx context.Context, method string, next func(context.Context) error) error

func (i interceptor) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (resp any, err error) {
	err = i(ctx, info.FullMethod, func(ctx context.Context) (err error) {
		resp, err = handler(ctx, req)
		return err
	})
	return resp, err
}

func (i interceptor) stream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	return i(ss.Context(), info.FullMethod, func(context.Context) error { return handler(srv, ss) })
}

func startGRPC(t *testing.T, s check.Site) check.Client {
	log := interceptor(func(ctx context.Context, _ string, next func(context.Context) error) error {
		err := next(ctx)
		s.Log(httpStatus[status.Code(err)])
		return err
	})
	recovery := interceptor(func(ctx context.Context, _ string, next func(context.Context) error) (err error) {
		defer func() {
			if r := recover(); r != nil {
				err = status.Error(codes.Internal, fmt.Sprint(r))
			}
		}()
		return next(ctx)
	})
	mistakes := interceptor(func(ctx context.Context, _ string, next func(context.Context) error) error {
		err := next(ctx)
		switch {
		case errors.Is(err, denied):
			return status.Error(codes.PermissionDenied, "")
		case errors.Is(err, failed):
			return status.Error(codes.Internal, "")
		case err != nil && status.Code(err) == codes.Unknown:
			_, text := check.HandleError(ctx, err)
			return status.Error(codes.FailedPrecondition, text)
		}
		return err
	})
	unary, streaming := grpcsession.Unary(s.Sessions), grpcsession.Stream(s.Sessions)
	covers := func(method string) bool { return s.Scope == check.All || strings.HasPrefix(method, "/group/") }
	srv := grpc.NewServer(
		grpc.ChainUnaryInterceptor(log.unary, recovery.unary,
			func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
				if covers(info.FullMethod) {
					return unary(ctx, req, info, handler)
				}
				return handler(ctx, req)
			}, mistakes.unary),
		grpc.ChainStreamInterceptor(log.stream, recovery.stream,
			func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
				if covers(info.FullMethod) {
					return streaming(srv, ss, info, handler)
				}
				return handler(srv, ss)
			}, mistakes.stream))
	site := grpc.ServiceDesc{ServiceName: "site", HandlerType: (*any)(nil)}
	for _, path := range check.Paths {
		if streams(path) {
			site.Streams = append(site.Streams, streamDesc(path))
		} else {
			site.Methods = append(site.Methods, methodDesc(path))
		}
	}
	srv.RegisterService(&site, nil)
	srv.RegisterService(&grpc.ServiceDesc{ServiceName: "group", HandlerType: (*any)(nil), Methods: []grpc.MethodDesc{methodDesc(check.GroupPath)}}, nil)

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
	return grpcClient{conn}
}

func methodDesc(path string) grpc.MethodDesc {
	return grpc.MethodDesc{
		MethodName: path[strings.LastIndexByte(path, '/')+1:],
		Handler: func(_ any, ctx context.Context, decode func(any) error, around grpc.UnaryServerInterceptor) (any, error) {
			in := new(text)
			if err := decode(in); err != nil {
				return nil, err
			}
			return around(ctx, in, &grpc.UnaryServerInfo{FullMethod: procedure(path)}, func(ctx context.Context, _ any) (any, error) {
				return call(ctx, path, in)
			})
		},
	}
}

func streamDesc(path string) grpc.StreamDesc {
	return grpc.StreamDesc{
		StreamName: path[1:], ServerStreams: true,
		Handler: func(_ any, ss grpc.ServerStream) error {
			in := new(text)
			if err := ss.RecvMsg(in); err != nil {
				return err
			}
			return stream(ss.Context(), path, in, func(out *text) error { return ss.SendMsg(out) })
		},
	}
}

var httpStatus = map[codes.Code]int{
	codes.OK: http.StatusOK, codes.Internal: http.StatusInternalServerError, codes.Unavailable: http.StatusServiceUnavailable,
	codes.PermissionDenied: http.StatusForbidden, codes.FailedPrecondition: http.StatusUnprocessableEntity,
}

type grpcClient struct{ conn *grpc.ClientConn }

func (c grpcClient) Do(t *testing.T, _, path, arg, cookie string) check.Reply {
	ctx := t.Context()
	if cookie != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "cookie", cookie)
	}
	var header metadata.MD
	var body string
	var err error
	if streams(path) {
		header, body, err = c.receive(ctx, path, arg)
	} else {
		out := new(text)
		err = c.conn.Invoke(ctx, procedure(path), wrapperspb.String(arg), out, grpc.Header(&header))
		body = out.GetValue()
	}
	if err != nil {
		body = status.Convert(err).Message()
	}
	return check.Reply{Status: httpStatus[status.Code(err)], Body: body, SetCookies: slices.Clone(header["set-cookie"])}
}

func (c grpcClient) receive(ctx context.Context, path, arg string) (header metadata.MD, body string, err error) {
	ss, err := c.conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, procedure(path))
	if err != nil {
		return nil, "", err
	}
	if err := errors.Join(ss.SendMsg(wrapperspb.String(arg)), ss.CloseSend()); err != nil {
		return nil, "", err
	}
	header, _ = ss.Header()
	for {
		out := new(text)
		switch err := ss.RecvMsg(out); {
		case err == io.EOF:
			return header, body, nil
		case err != nil:
			return header, body, err
		}
		body += out.GetValue()
	}
}
