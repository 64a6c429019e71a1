package redisstore_test

import (
	"os"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/redisstore"
	"github.com/sessiongen/sessiongen/runtime/storetest"
)

func TestConformance(t *testing.T) {
	if addr := os.Getenv(serverEnv); addr != "" {
		t.Run("server", func(t *testing.T) { conform(t, newClient(t, addr)) })
		return
	}
	t.Run("one node", func(t *testing.T) {
		conform(t, startServer(t).client(t))
	})
	t.Run("cluster", func(t *testing.T) {
		client, _ := startCluster(t)
		conform(t, client)
	})
}

func conform(t *testing.T, client redis.UniversalClient) {
	storetest.Run(t, func(t *testing.T) runtime.Store {
		// The prefix has characters with a meaning in patterns.
		return redisstore.New(client, redisstore.Options{Prefix: t.Name() + `[a-z]*?\:`})
	})
}
