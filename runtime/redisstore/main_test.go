package redisstore_test

import (
	"context"
	"os"
	"testing"

	"github.com/redis/go-redis/v9"
)

// noLog silences the client, which logs each connection that these tests make fail.
type noLog struct{}

func (noLog) Printf(context.Context, string, ...any) {}

func TestMain(m *testing.M) {
	if os.Getenv("SESSIONGEN_WRITER") != "" {
		writer()
		return
	}
	redis.SetLogger(noLog{})
	os.Exit(m.Run())
}
