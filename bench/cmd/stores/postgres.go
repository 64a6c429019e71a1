package main

import (
	"context"
	"database/sql"
	"log"

	"github.com/alexedwards/scs/pgxstore"
	"github.com/alexedwards/scs/postgresstore"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/sessiongen/sessiongen/runtime/sqlstore"
)

// scsTable is from the README files of both of scs's stores.
const scsTable = `
CREATE TABLE sessions (
	token TEXT PRIMARY KEY,
	data BYTEA NOT NULL,
	expiry TIMESTAMPTZ NOT NULL
);
CREATE INDEX sessions_expiry_idx ON sessions (expiry);`

// schema makes a new schema, because every library calls its table "sessions", and
// returns how to connect to it.
func schema(url, name string) *pgx.ConnConfig {
	ctx := context.Background()
	conn := must(pgx.Connect(ctx, url))
	defer conn.Close(ctx)
	must(conn.Exec(ctx, "DROP SCHEMA IF EXISTS "+name+" CASCADE; CREATE SCHEMA "+name))
	config := must(pgx.ParseConfig(url))
	config.RuntimeParams["search_path"] = name
	return config
}

func pool(config *pgx.ConnConfig) *pgxpool.Pool {
	c := must(pgxpool.ParseConfig(""))
	c.ConnConfig, c.MaxConns = config, int32(connections())
	return must(pgxpool.NewWithConfig(context.Background(), c))
}

func database(config *pgx.ConnConfig) *sql.DB {
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(connections())
	db.SetMaxIdleConns(connections())
	return db
}

func ourPostgres(url string) []library {
	store := must(sqlstore.New(database(schema(url, "sessiongen")), sqlstore.PostgreSQL, sqlstore.Options{}))
	if err := store.CreateTable(context.Background()); err != nil {
		log.Fatal(err)
	}
	return []library{sessiongen(store, true), sessiongen(store, false)}
}

// Expired sessions are not cleaned up, by nobody.
func scsPostgres(url string) []library {
	p := pool(schema(url, "scs_pgxstore"))
	must(p.Exec(context.Background(), scsTable))
	db := database(schema(url, "scs_postgresstore"))
	must(db.Exec(scsTable))
	return []library{
		scsLibrary("scs/pgxstore", pgxstore.NewWithCleanupInterval(p, 0)),
		scsLibrary("scs/postgresstore", postgresstore.NewWithCleanupInterval(db, 0)),
	}
}
