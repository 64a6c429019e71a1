package main

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// User is an account.
type User struct {
	ID   string // random, so that no later account ever has it
	Name string
	Role string
	Hash []byte // of the password; nil for whoever signs in with another site
}

var (
	errNameTaken = errors.New("name taken")
	errNoUser    = errors.New("no such user")
)

// Users keeps the accounts.
type Users interface {
	Add(context.Context, User) error                     // or errNameTaken
	Find(ctx context.Context, name string) (User, error) // or errNoUser
	Change(context.Context, User) error                  // of the same name
}

// memoryUsers are gone when the program ends.
type memoryUsers struct{ byName sync.Map }

func (m *memoryUsers) Add(_ context.Context, u User) error {
	if _, taken := m.byName.LoadOrStore(u.Name, u); taken {
		return errNameTaken
	}
	return nil
}

func (m *memoryUsers) Change(_ context.Context, u User) error {
	m.byName.Store(u.Name, u)
	return nil
}

func (m *memoryUsers) Find(_ context.Context, name string) (User, error) {
	if u, ok := m.byName.Load(name); ok {
		return u.(User), nil
	}
	return User{}, errNoUser
}

// sqlUsers are in a table, for SQLite and PostgreSQL.
type sqlUsers struct{ db *sql.DB }

func newSQLUsers(ctx context.Context, db *sql.DB, blob string) (sqlUsers, error) {
	_, err := db.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS login_accounts (
		name VARCHAR(32) PRIMARY KEY, id VARCHAR(26) NOT NULL, role VARCHAR(16) NOT NULL, hash `+blob+`)`)
	return sqlUsers{db}, err
}

func (s sqlUsers) Add(ctx context.Context, u User) error {
	res, err := s.db.ExecContext(ctx,
		`INSERT INTO login_accounts (name, id, role, hash) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`, u.Name, u.ID, u.Role, u.Hash)
	if err != nil {
		return err
	}
	added, err := res.RowsAffected()
	if err == nil && added == 0 {
		err = errNameTaken
	}
	return err
}

func (s sqlUsers) Change(ctx context.Context, u User) error {
	_, err := s.db.ExecContext(ctx, `UPDATE login_accounts SET role = $1, hash = $2 WHERE name = $3 AND id = $4`, u.Role, u.Hash, u.Name, u.ID)
	return err
}

func (s sqlUsers) Find(ctx context.Context, name string) (User, error) {
	u := User{Name: name}
	err := s.db.QueryRowContext(ctx, `SELECT id, role, hash FROM login_accounts WHERE name = $1`, name).Scan(&u.ID, &u.Role, &u.Hash)
	if errors.Is(err, sql.ErrNoRows) {
		err = errNoUser
	}
	return u, err
}
