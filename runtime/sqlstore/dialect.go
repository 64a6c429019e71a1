package sqlstore

import (
	"strconv"
	"strings"
)

// A Dialect is a database's variant of SQL.
type Dialect int

const (
	SQLite     Dialect = iota + 1 // 3.24 or newer
	PostgreSQL                    // 9.5 or newer
	MySQL                         // 5.7 or newer, and MariaDB
)

const defaultTable = "sessions"

// Schema returns the statements that create the table "sessions" and its indexes if they do not
// exist. Each ends in ";\n".
func Schema(d Dialect) string { return d.schema(defaultTable) }

func (d Dialect) schema(table string) string {
	// On PostgreSQL and SQLite, the index leaves out records without a principal, of which there are
	// many. Each index has the keys of a principal in order, which a sweep uses to find its next
	// batch: SQLite and MySQL append the primary key to every index. With row ids, SQLite would keep
	// the keys in a separate tree, and each insert and delete would write one more page.
	const indexes = `
CREATE INDEX IF NOT EXISTS "TABLE_principal" ON "TABLE" (COLUMNS) WHERE principal IS NOT NULL;
CREATE INDEX IF NOT EXISTS "TABLE_expires" ON "TABLE" (expires);
`
	var text string
	switch d {
	case SQLite:
		text = `CREATE TABLE IF NOT EXISTS "TABLE" (
	"key" TEXT NOT NULL PRIMARY KEY,
	version INTEGER NOT NULL,
	principal TEXT,
	data BLOB NOT NULL,
	expires INTEGER NOT NULL
) WITHOUT ROWID;` + strings.Replace(indexes, "COLUMNS", "principal", 1)
	case PostgreSQL:
		text = `CREATE TABLE IF NOT EXISTS "TABLE" (
	"key" VARCHAR(64) COLLATE "C" NOT NULL PRIMARY KEY,
	version BIGINT NOT NULL,
	principal VARCHAR(64) COLLATE "C",
	data BYTEA NOT NULL,
	expires BIGINT NOT NULL
);` + strings.Replace(indexes, "COLUMNS", `principal, "key"`, 1)
	case MySQL:
		text = `CREATE TABLE IF NOT EXISTS "TABLE" (
	"key" VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
	version BIGINT NOT NULL,
	principal VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin,
	data MEDIUMBLOB NOT NULL,
	expires BIGINT NOT NULL,
	INDEX "TABLE_principal" (principal),
	INDEX "TABLE_expires" (expires)
) ENGINE=InnoDB;
`
	}
	return d.named(text, table)
}

// queries are a store's statements in its dialect.
type queries struct {
	load, insert, replace, version, delete string
	list, sessionsOf, sessions, expired    string
}

func (d Dialect) queries(table string) queries {
	q := queries{
		load: `SELECT version, principal, data, expires FROM "TABLE" WHERE "key" = ? AND expires > ?`,

		// An expired record counts as absent.
		insert: `INSERT INTO "TABLE" ("key", version, principal, data, expires) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT ("key") DO UPDATE
			SET version = excluded.version, principal = excluded.principal, data = excluded.data, expires = excluded.expires
			WHERE "TABLE".expires <= ?`,
		replace: `UPDATE "TABLE" SET version = ?, principal = ?, data = ?, expires = ? WHERE "key" = ? AND version = ? AND expires > ?`,
		version: `SELECT version FROM "TABLE" WHERE "key" = ? AND expires > ?`,
		delete:  `DELETE FROM "TABLE" WHERE "key" = ?`,

		// Batches, in the order of an index.
		list: `SELECT "key", version, data, expires FROM "TABLE" WHERE principal = ? AND "key" > ? AND length(data) > 0 AND expires > ?
			ORDER BY "key" LIMIT ?`,
		sessionsOf: `SELECT "key" FROM "TABLE" WHERE principal = ? AND "key" > ? AND length(data) > 0 ORDER BY "key" LIMIT ?`,
		sessions:   `SELECT "key" FROM "TABLE" WHERE "key" > ? AND length(data) > 0 ORDER BY "key" LIMIT ?`,
		expired:    `SELECT "key", expires FROM "TABLE" WHERE expires >= ? AND expires <= ? ORDER BY expires LIMIT ?`,
	}
	if d == PostgreSQL {
		// With an equality, the planner would expect an account to have few sessions, and would read
		// and sort all of them for each batch.
		q.list = `SELECT "key", version, data, expires FROM "TABLE" WHERE principal <= $1 AND (principal, "key") > ($1, $2) AND length(data) > 0
			AND expires > $3 ORDER BY principal, "key" LIMIT $4`
		q.sessionsOf = `SELECT "key" FROM "TABLE" WHERE principal <= $1 AND (principal, "key") > ($1, $2) AND length(data) > 0
			ORDER BY principal, "key" LIMIT $3`
	}
	if d == MySQL {
		// MySQL's count of affected rows depends on the driver's clientFoundRows, and on whether the
		// new values equal the old ones. LAST_INSERT_ID says what was done: 0 for a new row, 1 for a
		// replaced expired row, 2 for nothing. Columns are set from left to right, so expires must
		// be last.
		q.insert = `INSERT INTO "TABLE" ("key", version, principal, data, expires) VALUES (?, ?, ?, ?, ?)
			ON DUPLICATE KEY UPDATE
			version = IF(LAST_INSERT_ID(IF(expires <= ?, 1, 2)) = 1, VALUES(version), version),
			principal = IF(expires <= ?, VALUES(principal), principal),
			data = IF(expires <= ?, VALUES(data), data),
			expires = IF(expires <= ?, VALUES(expires), expires)`
		q.replace = strings.Replace(q.replace, "version = ?", "version = LAST_INSERT_ID(?)", 1)
	}
	for _, text := range []*string{&q.load, &q.insert, &q.replace, &q.version, &q.delete,
		&q.list, &q.sessionsOf, &q.sessions, &q.expired} {
		*text = d.statement(*text, table)
	}
	return q
}

// Conditions for deleting a record of a batch, which may have changed since the batch was read. The
// COALESCE keeps a database from reading all records of the principal to find those of the batch.
const (
	ifExpired  = `expires <= ?`
	ifOwned    = `COALESCE(principal, '') = ? AND length(data) > 0`
	ifSessions = `length(data) > 0`
)

// deleteKeys returns the statement that deletes those of n keys that meet a condition.
func (d Dialect) deleteKeys(table, condition string, n int) string {
	return d.statement(`DELETE FROM "TABLE" WHERE `+condition+` AND "key" IN (?`+strings.Repeat(", ?", n-1)+`)`, table)
}

// statement converts text to the dialect: its quotes, its placeholders and the table's name.
func (d Dialect) statement(text, table string) string {
	text = d.named(text, table)
	if d != PostgreSQL {
		return text
	}
	var b strings.Builder
	for i, part := range strings.Split(text, "?") {
		if i > 0 {
			b.WriteString("$" + strconv.Itoa(i))
		}
		b.WriteString(part)
	}
	return b.String()
}

func (d Dialect) named(text, table string) string {
	text = strings.ReplaceAll(text, `"TABLE`, `"`+table)
	if d == MySQL {
		text = strings.ReplaceAll(text, `"`, "`")
	}
	return text
}
