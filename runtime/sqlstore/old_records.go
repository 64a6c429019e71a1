package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// OldRecords has the sessions that a store of gorilla/sessions left in a table, for package legacy. For
// antonlindstrom/pgstore, and so for gin-contrib/sessions/postgres, it is
//
//	legacy.Gorilla{
//		Name: "shop",
//		Keys: [][]byte{secret},
//		Records: sqlstore.OldRecords{
//			DB:     db,
//			Select: "SELECT data FROM http_sessions WHERE key = $1",
//			Remove: "DELETE FROM http_sessions WHERE key = $1",
//		},
//		Until: time.Date(2030, 3, 1, 0, 0, 0, 0, time.UTC),
//	}
//
// wader/gormstore, and so gin-contrib/sessions/gorm, keeps the data in the column data of the table sessions,
// by the column id.
type OldRecords struct {
	DB     *sql.DB
	Select string // selects the data of an id, its only argument
	Remove string // deletes the row of an id, its only argument
}

// Find implements legacy.Records. left is always 0, because the record itself contains its end.
func (o OldRecords) Find(ctx context.Context, id string) (record []byte, left time.Duration, err error) {
	err = o.DB.QueryRowContext(ctx, o.Select, id).Scan(&record)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, 0, nil
	}
	return record, 0, failed("loading an old session", err)
}

// Delete implements legacy.Records.
func (o OldRecords) Delete(ctx context.Context, id string) error {
	_, err := o.DB.ExecContext(ctx, o.Remove, id)
	return failed("deleting an old session", err)
}
