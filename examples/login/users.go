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

// Users keeps the accounts. A change is of one thing: whoever wrote back a whole account would undo what
// somebody else has changed meanwhile, such as a password.
type Users interface {
	Add(context.Context, User) error                       // or errNameTaken
	Find(ctx context.Context, name string) (User, error)   // or errNoUser
	FindByID(ctx context.Context, id string) (User, error) // or errNoUser
	SetRole(ctx context.Context, name, role string) error
	SetHash(ctx context.Context, name string, hash []byte) error
}

// memoryUsers are gone when the program ends.
type memoryUsers struct {
	mu     sync.Mutex
	byName map[string]User
}

func newMemoryUsers() *memoryUsers { return &memoryUsers{byName: map[string]User{}} }

func (m *memoryUsers) Add(_ context.Context, u User) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, taken := m.byName[u.Name]; taken {
		return errNameTaken
	}
	m.byName[u.Name] = u
	return nil
}

func (m *memoryUsers) Find(_ context.Context, name string) (User, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if u, ok := m.byName[name]; ok {
		return u, nil
	}
	return User{}, errNoUser
}

func (m *memoryUsers) FindByID(_ context.Context, id string) (User, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, u := range m.byName {
		if u.ID == id {
			return u, nil
		}
	}
	return User{}, errNoUser
}

func (m *memoryUsers) SetRole(_ context.Context, name, role string) error {
	return m.change(name, func(u *User) { u.Role = role })
}

func (m *memoryUsers) SetHash(_ context.Context, name string, hash []byte) error {
	return m.change(name, func(u *User) { u.Hash = hash })
}

func (m *memoryUsers) change(name string, f func(*User)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	u, ok := m.byName[name]
	if !ok {
		return errNoUser
	}
	f(&u)
	m.byName[name] = u
	return nil
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

func (s sqlUsers) SetRole(ctx context.Context, name, role string) error {
	_, err := s.db.ExecContext(ctx, `UPDATE login_accounts SET role = $1 WHERE name = $2`, role, name)
	return err
}

func (s sqlUsers) SetHash(ctx context.Context, name string, hash []byte) error {
	_, err := s.db.ExecContext(ctx, `UPDATE login_accounts SET hash = $1 WHERE name = $2`, hash, name)
	return err
}

func (s sqlUsers) Find(ctx context.Context, name string) (User, error) {
	return s.first(ctx, `SELECT id, name, role, hash FROM login_accounts WHERE name = $1`, name)
}

func (s sqlUsers) FindByID(ctx context.Context, id string) (User, error) {
	return s.first(ctx, `SELECT id, name, role, hash FROM login_accounts WHERE id = $1`, id)
}

func (s sqlUsers) first(ctx context.Context, query, what string) (u User, err error) {
	err = s.db.QueryRowContext(ctx, query, what).Scan(&u.ID, &u.Name, &u.Role, &u.Hash)
	if errors.Is(err, sql.ErrNoRows) {
		err = errNoUser
	}
	return u, err
}
