package legacy

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/boj/redistore"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "github.com/lib/pq"
	"github.com/redis/go-redis/v9"

	"github.com/sessiongen/sessiongen/integration/legacy/old"
	"github.com/sessiongen/sessiongen/runtime/legacy"
	"github.com/sessiongen/sessiongen/runtime/redisstore"
	"github.com/sessiongen/sessiongen/runtime/sqlstore"
)

// serverPrograms are the old programs that keep sessions on a server as gorilla's stores do.
func serverPrograms(t *testing.T) map[string]oldProgram {
	keys := [][]byte{hash, block}
	program := func(site http.Handler, s legacy.Gorilla, records func() int) oldProgram {
		s.Name, s.Until = "records", untilEnd
		return oldProgram{Handler: site, cookie: s.Name, source: s, records: records}
	}
	socket := startRedis(t)
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: socket})
	t.Cleanup(func() { client.Close() })
	inRedis := func(prefix string) (legacy.Gorilla, func() int) {
		return legacy.Gorilla{Keys: keys, Records: redisstore.OldRecords{Client: client, Prefix: prefix}, Plain: true}, func() int {
			return len(must(client.Keys(t.Context(), prefix+"*").Result())(t))
		}
	}
	boj := func(prefix string, json bool) oldProgram {
		store := must(old.Redistore(socket, hash, block))(t)
		store.SetKeyPrefix(prefix)
		if json {
			store.SetSerializer(redistore.JSONSerializer{})
		}
		s, records := inRedis(prefix)
		s.JSON = json
		return program(old.Gorilla("records", store), s, records)
	}
	gin, ginRecords := inRedis("session_")
	bare, bareRecords := inRedis("session:")
	bare.Keys = nil

	inTable := func(driver, table, key string) (*sql.DB, legacy.Gorilla, func() int) {
		db := openPostgres(t, driver)
		s := legacy.Gorilla{Keys: keys, Records: sqlstore.OldRecords{
			DB:     db,
			Select: "SELECT data FROM " + table + " WHERE " + key + " = $1",
			Remove: "DELETE FROM " + table + " WHERE " + key + " = $1",
		}}
		return db, s, func() (n int) {
			if err := db.QueryRow("SELECT count(*) FROM " + table).Scan(&n); err != nil {
				t.Error(err)
			}
			return n
		}
	}
	pgDB, pg, pgRecords := inTable("postgres", "http_sessions", "key")
	ginDB, ginPG, ginPGRecords := inTable("pgx", "http_sessions", "key")
	ginPG.Keys = [][]byte{hash}
	gormDB, gorm, gormRecords := inTable("pgx", "sessions", "id")
	cache := &memcached{values: map[string]string{}}

	return map[string]oldProgram{
		"redistore":        boj("session_of_shop:", false),
		"redistore JSON":   boj("session_in_JSON:", true),
		"gin Redis":        program(old.Gin("records", must(old.GinRedis(socket))(t)), gin, ginRecords),
		"rbcervilla Redis": program(old.Gorilla("records", must(old.RedisStore(client))(t)), bare, bareRecords),
		"pgstore":          program(old.Gorilla("records", must(old.PGStore(pgDB))(t)), pg, pgRecords),
		"gin PostgreSQL":   program(old.Gin("records", must(old.GinPostgres(ginDB))(t)), ginPG, ginPGRecords),
		"gin GORM":         program(old.Gin("records", must(old.GinGORM(gormDB))(t)), gorm, gormRecords),
		"gin memcached":    program(old.Gin("records", old.GinMemcached(cache)), legacy.Gorilla{Keys: keys, Records: cache}, cache.len),
	}
}

// must returns a value, unless there is an error.
func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// openPostgres opens a schema of its own on the server that .ci/databases has started.
func openPostgres(t *testing.T, driver string) *sql.DB {
	t.Helper()
	server := os.Getenv("SESSIONGEN_POSTGRES")
	if server == "" {
		t.Fatal("there is no PostgreSQL: use .ci/databases")
	}
	schema := "s" + strings.ToLower(rand.Text())
	admin := must(sql.Open("pgx", server))(t)
	defer admin.Close()
	if _, err := admin.Exec("CREATE SCHEMA " + schema); err != nil {
		t.Fatal(err)
	}
	db := must(sql.Open(driver, server+"&search_path="+schema))(t)
	db.SetMaxOpenConns(20)
	t.Cleanup(func() { db.Close() })
	return db
}

// memcached is a server of memcached, and what reads the old sessions in it.
type memcached struct {
	mu     sync.Mutex
	values map[string]string
}

func (m *memcached) Get(key string) (value string, flags uint32, cas uint64, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	value, ok := m.values[key]
	if !ok {
		err = errors.New("cache miss")
	}
	return value, 0, 0, err
}

func (m *memcached) Set(key, value string, _, _ uint32, _ uint64) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.values[key] = value
	return 0, nil
}

func (m *memcached) Find(_ context.Context, id string) ([]byte, time.Duration, error) {
	value, _, _, err := m.Get("shop_" + id)
	if err != nil {
		return nil, 0, nil
	}
	return []byte(value), 0, nil
}

func (m *memcached) Delete(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.values, "shop_"+id)
	return nil
}

func (m *memcached) len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.values)
}
