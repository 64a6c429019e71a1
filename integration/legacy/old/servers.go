package old

import (
	"context"
	"database/sql"

	"github.com/antonlindstrom/pgstore"
	"github.com/boj/redistore"
	memcache "github.com/bradleypeabody/gorilla-sessions-memcache"
	"github.com/gin-contrib/sessions/gorm"
	"github.com/gin-contrib/sessions/memcached"
	"github.com/gin-contrib/sessions/postgres"
	ginredis "github.com/gin-contrib/sessions/redis"
	"github.com/gorilla/sessions"
	"github.com/rbcervilla/redisstore/v9"
	"github.com/redis/go-redis/v9"
	driver "gorm.io/driver/postgres"
	orm "gorm.io/gorm"

	ginsessions "github.com/gin-contrib/sessions"
)

// Redistore is a store of boj/redistore in the Redis server at a socket.
func Redistore(socket string, keys ...[]byte) (*redistore.RediStore, error) {
	return redistore.NewRediStore(10, "unix", socket, "", "", keys...)
}

// GinRedis is a store of gin-contrib/sessions/redis in the Redis server at a socket.
func GinRedis(socket string) (ginsessions.Store, error) {
	return ginredis.NewStore(10, "unix", socket, "", "", Hash, Block)
}

// RedisStore is a store of rbcervilla/redisstore.
func RedisStore(client redis.UniversalClient) (sessions.Store, error) {
	return redisstore.NewRedisStore(context.Background(), client)
}

// PGStore is a store of antonlindstrom/pgstore.
func PGStore(db *sql.DB) (sessions.Store, error) { return pgstore.NewPGStoreFromPool(db, Hash, Block) }

// GinPostgres is a store of gin-contrib/sessions/postgres.
func GinPostgres(db *sql.DB) (ginsessions.Store, error) { return postgres.NewStore(db, Hash) }

// GinGORM is a store of gin-contrib/sessions/gorm.
func GinGORM(db *sql.DB) (ginsessions.Store, error) {
	connected, err := orm.Open(driver.New(driver.Config{Conn: db}), &orm.Config{})
	if err != nil {
		return nil, err
	}
	return gorm.NewStore(connected, false, Hash, Block), nil
}

// GinMemcached is a store of gin-contrib/sessions/memcached.
func GinMemcached(server memcache.Memcacher) ginsessions.Store {
	return memcached.NewMemcacheStore(server, "shop_", Hash, Block)
}
