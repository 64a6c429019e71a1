package main

import (
	"github.com/alexedwards/scs/goredisstore"
	scsredis "github.com/alexedwards/scs/redisstore"
	redigo "github.com/gomodule/redigo/redis"
	"github.com/redis/go-redis/v9"

	"github.com/sessiongen/sessiongen/runtime/redisstore"
)

func client(url string) *redis.Client {
	options := must(redis.ParseURL(url))
	options.PoolSize = connections()
	return redis.NewClient(options)
}

func ourRedis(url string) []library {
	store := redisstore.New(client(url), redisstore.Options{})
	return []library{sessiongen(store, true), sessiongen(store, false)}
}

func scsRedis(url string) []library {
	pool := &redigo.Pool{
		MaxIdle: connections(), MaxActive: connections(), Wait: true,
		Dial: func() (redigo.Conn, error) { return redigo.DialURL(url) },
	}
	return []library{
		scsLibrary("scs/goredisstore", goredisstore.New(client(url))),
		scsLibrary("scs/redisstore", scsredis.NewWithPrefix(pool, "scs:redigo:")),
	}
}
