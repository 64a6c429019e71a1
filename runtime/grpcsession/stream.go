package grpcsession

import (
	"context"
	"net/http"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// stream is the stream for the handler.
type stream struct {
	grpc.ServerStream
	ctx      context.Context
	exchange *exchange
}

func (s *stream) Context() context.Context { return s.ctx }

func (s *stream) SendHeader(md metadata.MD) error {
	if err := s.exchange.begin(http.StatusOK); err != nil {
		return err
	}
	return s.ServerStream.SendHeader(md)
}

func (s *stream) SendMsg(m any) error {
	if err := s.exchange.begin(http.StatusOK); err != nil {
		return err
	}
	return s.ServerStream.SendMsg(m)
}

// transport is what grpc.SendHeader finds in the handler's context.
type transport struct {
	grpc.ServerTransportStream
	exchange *exchange
}

func (t *transport) SendHeader(md metadata.MD) error {
	if err := t.exchange.begin(http.StatusOK); err != nil {
		return err
	}
	return t.ServerTransportStream.SendHeader(md)
}
