package main

import (
	"context"

	"google.golang.org/grpc"
)

// service is what protoc-gen-go-grpc generates for a service of a .proto file.
var service = grpc.ServiceDesc{
	ServiceName: "site",
	HandlerType: (*any)(nil),
	Methods: []grpc.MethodDesc{
		method("Home", site.Home),
		method("LogIn", site.LogIn),
		method("LogOut", site.LogOut),
	},
}

func method[In, Out any](name string, call func(site, context.Context, *In) (*Out, error)) grpc.MethodDesc {
	return grpc.MethodDesc{MethodName: name, Handler: func(srv any, ctx context.Context, decode func(any) error, around grpc.UnaryServerInterceptor) (any, error) {
		in := new(In)
		if err := decode(in); err != nil {
			return nil, err
		}
		return around(ctx, in, &grpc.UnaryServerInfo{Server: srv, FullMethod: "/site/" + name}, func(ctx context.Context, _ any) (any, error) {
			return call(srv.(site), ctx, in)
		})
	}}
}
