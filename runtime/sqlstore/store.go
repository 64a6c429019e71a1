package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// Options are the settings of a [Store]. The zero value is the recommended set-up.
type Options struct {
	// Table is the table's name, "sessions" by default. It consists of at most 48 letters, digits
	// and underscores, and does not begin with a digit.
	Table string

	// Time returns the current time, as in [crypto/tls.Config]. If nil, it is time.Now. The
	// database's own clock is not used.
	Time func() time.Time
}

// A Store is a [runtime.Store] in a table of a database.
type Store struct {
	db      *sql.DB
	dialect Dialect
	table   string
	time    func() time.Time
	queries queries

	// writing holds a token while this process writes to SQLite, which allows one writer at a time.
	// A process that finds the database locked sleeps and tries again. Within this process, writers
	// queue here.
	writing chan struct{}

	statements sync.Map // *sql.Stmt by text; they are closed with the db
}

var _ runtime.Store = (*Store)(nil)

// PostgreSQL truncates names after 63 bytes, and the names of the indexes are longer than the
// table's.
var tableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,47}$`)

// New returns a store in a table of db. The caller closes db. New does not connect to the database:
// see [Store.CreateTable].
func New(db *sql.DB, dialect Dialect, opts Options) (*Store, error) {
	if db == nil {
		return nil, errors.New("sqlstore: no database")
	}
	if dialect < SQLite || dialect > MySQL {
		return nil, fmt.Errorf("sqlstore: unknown dialect %d", dialect)
	}
	if opts.Table == "" {
		opts.Table = defaultTable
	}
	if !tableName.MatchString(opts.Table) {
		return nil, fmt.Errorf("sqlstore: %q cannot be a table's name", opts.Table)
	}
	if opts.Time == nil {
		opts.Time = time.Now
	}
	s := &Store{
		db: db, dialect: dialect, table: opts.Table, time: opts.Time,
		queries: dialect.queries(opts.Table),
	}
	if dialect == SQLite {
		s.writing = make(chan struct{}, 1)
	}
	return s, nil
}

// CreateTable creates the table and its indexes if they do not exist. Several processes may do so at
// once.
func (s *Store) CreateTable(ctx context.Context) error {
	for text := range strings.SplitSeq(strings.TrimSuffix(s.dialect.schema(s.table), ";\n"), ";\n") {
		if err := s.create(ctx, text); err != nil {
			return fmt.Errorf("sqlstore: creating the table: %w", err)
		}
	}
	return nil
}

// create retries, because PostgreSQL's IF NOT EXISTS does not see what a concurrent transaction
// creates, and then fails.
func (s *Store) create(ctx context.Context, text string) error {
	var err error
	for range 3 {
		_, err = s.write(ctx, func() (sql.Result, error) { return s.db.ExecContext(ctx, text) })
		if err == nil || ctx.Err() != nil {
			break
		}
	}
	return err
}

// Load implements [runtime.Store].
func (s *Store) Load(ctx context.Context, key string) (runtime.Record, error) {
	var (
		r         runtime.Record
		principal sql.NullString
		expires   int64
	)
	err := s.first(ctx, s.queries.load, []any{key, s.now()}, &r.Version, &principal, &r.Data, &expires)
	if errors.Is(err, sql.ErrNoRows) {
		return runtime.Record{}, runtime.ErrNoRecord
	}
	if err != nil {
		return runtime.Record{}, failed("loading", err)
	}
	r.Principal, r.Expires = principal.String, time.Unix(expires, 0)
	return r, nil
}

// Insert implements [runtime.Store].
func (s *Store) Insert(ctx context.Context, key string, r runtime.Record) error {
	now := s.now()
	args := []any{key, int64(r.Version), nullable(r.Principal), present(r.Data), r.Expires.Unix(), now}
	if s.dialect == MySQL {
		args = append(args, now, now, now)
	}
	result, err := s.exec(ctx, s.queries.insert, args...)
	if err != nil {
		return failed("inserting", err)
	}
	var done bool
	if s.dialect == MySQL {
		var id int64
		id, err = result.LastInsertId()
		done = id != 2
	} else {
		done, err = affected(result)
	}
	if err != nil {
		return failed("inserting", err)
	}
	if !done {
		return runtime.ErrConflict
	}
	return nil
}

// Replace implements [runtime.Store].
func (s *Store) Replace(ctx context.Context, key string, version uint64, r runtime.Record) error {
	now := s.now()
	result, err := s.exec(ctx, s.queries.replace,
		int64(r.Version), nullable(r.Principal), present(r.Data), r.Expires.Unix(), key, int64(version), now)
	if err != nil {
		return failed("replacing", err)
	}
	var done bool
	if s.dialect == MySQL {
		var id int64
		id, err = result.LastInsertId()
		done = id != 0
	} else {
		done, err = affected(result)
	}
	if err != nil {
		return failed("replacing", err)
	}
	if done {
		return nil
	}
	var other int64
	err = s.first(ctx, s.queries.version, []any{key, now}, &other)
	if errors.Is(err, sql.ErrNoRows) {
		return runtime.ErrNoRecord
	}
	if err != nil {
		return failed("replacing", err)
	}
	return runtime.ErrConflict
}

// Delete implements [runtime.Store].
func (s *Store) Delete(ctx context.Context, key string) error {
	_, err := s.exec(ctx, s.queries.delete, key)
	return failed("deleting", err)
}

// DeleteByPrincipal implements [runtime.Store].
func (s *Store) DeleteByPrincipal(ctx context.Context, principal string) error {
	if principal == "" {
		return nil
	}
	return failed("deleting by principal", s.sweep(ctx, s.queries.sessionsOf, ifOwned, principal))
}

// DeleteAll implements [runtime.Store].
func (s *Store) DeleteAll(ctx context.Context) error {
	return failed("deleting all", s.sweep(ctx, s.queries.sessions, ifSessions))
}

// query is QueryContext for one of the store's own statements.
func (s *Store) query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	stmt, err := s.prepared(ctx, text)
	if err != nil {
		return nil, err
	}
	if stmt != nil {
		return stmt.QueryContext(ctx, args...)
	}
	return s.db.QueryContext(ctx, text, args...)
}

// first scans the first row of a query. It returns sql.ErrNoRows if there is none.
func (s *Store) first(ctx context.Context, text string, args []any, dest ...any) error {
	rows, err := s.query(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return err
		}
		return sql.ErrNoRows
	}
	if err := rows.Scan(dest...); err != nil {
		return err
	}
	return rows.Close()
}

// exec is ExecContext for one of the store's own statements.
func (s *Store) exec(ctx context.Context, text string, args ...any) (sql.Result, error) {
	stmt, err := s.prepared(ctx, text)
	if err != nil {
		return nil, err
	}
	return s.write(ctx, func() (sql.Result, error) {
		if stmt != nil {
			return stmt.ExecContext(ctx, args...)
		}
		return s.db.ExecContext(ctx, text, args...)
	})
}

// prepared returns a prepared statement for MySQL, whose driver otherwise prepares it on each call,
// with two round trips. It returns nil for other dialects, whose drivers do not need it.
func (s *Store) prepared(ctx context.Context, text string) (*sql.Stmt, error) {
	if s.dialect != MySQL {
		return nil, nil
	}
	if stmt, ok := s.statements.Load(text); ok {
		return stmt.(*sql.Stmt), nil
	}
	stmt, err := s.db.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	if first, ok := s.statements.LoadOrStore(text, stmt); ok {
		stmt.Close()
		return first.(*sql.Stmt), nil
	}
	return stmt, nil
}

// write calls f when it is this process's turn to write. It repeats a statement that the database
// has rolled back in favour of another one. A statement is a transaction of its own, so nothing of
// it was done.
func (s *Store) write(ctx context.Context, f func() (sql.Result, error)) (sql.Result, error) {
	if s.writing != nil {
		select {
		case s.writing <- struct{}{}:
			defer func() { <-s.writing }()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	for {
		result, err := f()
		if err == nil || ctx.Err() != nil || !rolledBack(err) {
			return result, err
		}
	}
}

// rolledBack reports whether an error means a deadlock or a serialization failure.
func rolledBack(err error) bool {
	if e, ok := errors.AsType[interface {
		error
		SQLState() string // pgx, lib/pq
	}](err); ok {
		return e.SQLState() == "40001" || e.SQLState() == "40P01"
	}
	// The type of MySQL's error is in the driver, which this package does not import, so the number
	// is read from the text.
	return strings.HasPrefix(err.Error(), "Error 1213 ")
}

// now returns the current time in the unit of the column expires. A record is valid while expires is
// greater.
func (s *Store) now() int64 { return s.time().Unix() }

func affected(result sql.Result) (bool, error) {
	n, err := result.RowsAffected()
	return n > 0, err
}

func nullable(text string) sql.NullString { return sql.NullString{String: text, Valid: text != ""} }

// present returns data in a form that no driver treats as NULL.
func present(data []byte) []byte {
	if data == nil {
		return []byte{}
	}
	return data
}

func failed(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("sqlstore: %s: %w", what, err)
}
