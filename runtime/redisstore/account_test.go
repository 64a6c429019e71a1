package redisstore_test

import (
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/sessiongen/sessiongen/internal/accounttest"
	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/redisstore"
)

func TestAccount(t *testing.T) {
	eachKind(t, func(t *testing.T, client redis.UniversalClient) {
		accounttest.Run(t, func(t *testing.T) runtime.Store {
			return redisstore.New(client, redisstore.Options{Prefix: t.Name() + ":"})
		})
	})
}
