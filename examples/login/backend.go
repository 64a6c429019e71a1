package main

import (
	"context"
	"fmt"

	"github.com/sessiongen/sessiongen/runtime"
)

// backend is what the modes differ in.
type backend struct {
	config runtime.Config
	users  Users
	where  string // for the log, without passwords
	close  func() error
}

func openBackend(ctx context.Context, mode, dsn string) (backend, error) {
	switch mode {
	case "cookie":
		return backend{users: &memoryUsers{}, where: "accounts in memory", close: func() error { return nil }}, nil
	}
	return backend{}, fmt.Errorf("there is no such mode")
}
