package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/redis/go-redis/v9"
	_ "modernc.org/sqlite"

	sessionruntime "github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/redisstore"
	"github.com/sessiongen/sessiongen/runtime/sqlstore"
)

// backend is what the modes differ in.
type backend struct {
	config sessionruntime.Config
	users  Users
	where  string // for the log, without passwords
	close  func() error
}

func openBackend(ctx context.Context, mode, dsn string) (backend, error) {
	switch mode {
	case "cookie":
		return openCookie(), nil
	case "sqlite":
		return openSQLite(ctx, dsn)
	case "postgres":
		if dsn == "" {
			return backend{}, errors.New("needs -dsn, such as postgres://user@localhost/database")
		}
		return openPostgres(ctx, dsn)
	case "redis":
		return openRedis(ctx, dsn)
	}
	return backend{}, errors.New("is none of cookie, sqlite, postgres and redis")
}

// openCookie keeps sessions in cookies. It remembers which sessions were logged out,
// because a copy of their cookie would still be good. Several processes would share a
// store for that.
func openCookie() backend {
	return backend{
		config: sessionruntime.Config{Revocations: sessionruntime.NewMemoryStore(100_000)},
		users:  newMemoryUsers(),
		where:  "accounts and log-outs in memory",
		close:  func() error { return nil },
	}
}

func openSQLite(ctx context.Context, path string) (backend, error) {
	if path == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			return backend{}, fmt.Errorf("%w: set -dsn to a file", err)
		}
		dir = filepath.Join(dir, "sessiongen-login")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return backend{}, err
		}
		path = filepath.Join(dir, "login.db")
	}
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() +
		"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(1000)"
	return openSQL(ctx, "sqlite", dsn, sqlstore.SQLite, "BLOB", path+" has the sessions and the accounts")
}

func openPostgres(ctx context.Context, dsn string) (backend, error) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return backend{}, err
	}
	// A server that does not answer would hold up the program for two minutes by default.
	cfg.ConnectTimeout = time.Second
	return openSQL(ctx, "pgx", stdlib.RegisterConnConfig(cfg), sqlstore.PostgreSQL, "BYTEA", "the database has the sessions and the accounts")
}

// openSQL keeps sessions and accounts in the same database.
func openSQL(ctx context.Context, driver, dsn string, dialect sqlstore.Dialect, blob, where string) (_ backend, err error) {
	db, err := sql.Open(driver, dsn)
	if err != nil {
		return backend{}, err
	}
	defer func() {
		if err != nil {
			db.Close()
		}
	}()
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(16)
	store, err := sqlstore.New(db, dialect, sqlstore.Options{})
	if err != nil {
		return backend{}, err
	}
	if err := store.CreateTable(ctx); err != nil {
		return backend{}, err
	}
	users, err := newSQLUsers(ctx, db, blob)
	if err != nil {
		return backend{}, err
	}
	go store.PurgeEvery(ctx, time.Minute)
	return backend{config: sessionruntime.Config{Store: store}, users: users, where: where, close: db.Close}, nil
}

func openRedis(ctx context.Context, dsn string) (backend, error) {
	if !strings.Contains(dsn, "://") {
		return backend{}, errors.New("needs -dsn, such as redis://localhost:6379/0")
	}
	opts, err := redis.ParseURL(dsn)
	if err != nil {
		return backend{}, err
	}
	opts.ContextTimeoutEnabled = true
	opts.DialTimeout = time.Second
	client := redis.NewClient(opts)
	if err := client.Ping(ctx).Err(); err != nil {
		client.Close()
		return backend{}, err
	}
	return backend{
		config: sessionruntime.Config{Store: redisstore.New(client, redisstore.Options{})},
		users:  newMemoryUsers(),
		where:  "accounts in memory",
		close:  client.Close,
	}, nil
}
