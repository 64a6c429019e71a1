// Package sqlstore keeps sessions in a table of SQLite, PostgreSQL, MySQL or MariaDB.
// It needs database/sql alone; the program brings the driver.
//
//	db, err := sql.Open("pgx", os.Getenv("DATABASE_URL"))
//	...
//	store, err := sqlstore.New(db, sqlstore.PostgreSQL, sqlstore.Options{})
//	...
//	err = store.CreateTable(ctx)
//	...
//	go store.PurgeEvery(ctx, time.Minute)
//
// It is tested with modernc.org/sqlite, github.com/jackc/pgx/v5/stdlib and
// github.com/go-sql-driver/mysql.
//
// # The table
//
// [Store.CreateTable] creates the table and its indexes unless they are there. A program
// that runs its migrations itself, or whose user may not create tables, takes the
// statements from [Schema] instead. For a table named sessions they are, on SQLite
//
//	CREATE TABLE IF NOT EXISTS "sessions" (
//		"key" TEXT NOT NULL PRIMARY KEY,
//		version INTEGER NOT NULL,
//		principal TEXT,
//		data BLOB NOT NULL,
//		expires INTEGER NOT NULL
//	) WITHOUT ROWID;
//	CREATE INDEX IF NOT EXISTS "sessions_principal" ON "sessions" (principal) WHERE principal IS NOT NULL;
//	CREATE INDEX IF NOT EXISTS "sessions_expires" ON "sessions" (expires);
//
// on PostgreSQL
//
//	CREATE TABLE IF NOT EXISTS "sessions" (
//		"key" VARCHAR(64) COLLATE "C" NOT NULL PRIMARY KEY,
//		version BIGINT NOT NULL,
//		principal VARCHAR(64) COLLATE "C",
//		data BYTEA NOT NULL,
//		expires BIGINT NOT NULL
//	);
//	CREATE INDEX IF NOT EXISTS "sessions_principal" ON "sessions" (principal, "key") WHERE principal IS NOT NULL;
//	CREATE INDEX IF NOT EXISTS "sessions_expires" ON "sessions" (expires);
//
// and on MySQL and MariaDB
//
//	CREATE TABLE IF NOT EXISTS `sessions` (
//		`key` VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
//		version BIGINT NOT NULL,
//		principal VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin,
//		data MEDIUMBLOB NOT NULL,
//		expires BIGINT NOT NULL,
//		INDEX `sessions_principal` (principal),
//		INDEX `sessions_expires` (expires)
//	) ENGINE=InnoDB;
//
// Keys are compared byte by byte, so a collation that ignores case will not do. expires
// is in seconds since 1970. The user that the program connects as needs SELECT, INSERT,
// UPDATE and DELETE on the table.
//
// # Settings
//
// What a store has acknowledged must still be there after a crash, or a session that
// was destroyed comes back. That takes
//
//   - SQLite: journal_mode=WAL, so that readers do not wait for a writer, and
//     synchronous=FULL, which is the default. synchronous=NORMAL is faster; the death of
//     the program then still loses nothing, but a power failure or a crash of the
//     operating system can lose the last writes, destroyed sessions among them. The
//     database stays whole with both. synchronous=OFF can ruin it. busy_timeout is for
//     the locks of other processes, and should be less than Config.StoreTimeout.
//   - PostgreSQL: fsync=on and synchronous_commit=on, both the default. With
//     synchronous_commit=off a crash of the server loses what was written in the last
//     three wal_writer_delay, 0.6 seconds by default; it corrupts nothing.
//   - MySQL, MariaDB: innodb_flush_log_at_trx_commit=1, the default. With 2, a crash of
//     the operating system loses about the last second; with 0, one of the server too.
//     With a binary log, sync_binlog=1.
//
// For modernc.org/sqlite:
//
//	file:sessions.db?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(1000)
//
// A method whose context ends returns at once. MySQL's driver does not tell the server,
// which may do what was to be done a moment later.
//
// By default database/sql keeps 2 idle connections and opens as many others as there
// are concurrent calls, each for one call. SetMaxOpenConns and SetMaxIdleConns with the
// same number avoid that.
//
// # Purging
//
// Until it is purged, an expired record only takes up room. [Store.PurgeEvery] deletes in
// small batches, each of them a transaction of its own, and rests after each for as long
// as it took. It removes what expired more than an hour ago: the clocks of nodes may differ by
// less than that. SQLite writes one thing at a time, so there a write may wait for one batch,
// which should take about 4 ms, and the log is checkpointed after each batch, so that no
// request has to do so. One process is enough to purge a table; several do no harm.
//
// # Round trips
//
// Each method of [runtime.Store] but DeleteByPrincipal and DeleteAll is one statement, and one
// round trip on a connection which has run it before. Only a Replace that did not find its
// version asks why. List takes one statement for each hundred records. DeleteByPrincipal and
// DeleteAll take two statements for a batch of 64 to 1024 records, which should take about
// 20 ms; each batch is a transaction of its own, and stays deleted if the call is cut off. No
// method begins a transaction over several statements, so that a pooler such as PgBouncer may
// stand in between, as far as the driver's use of prepared statements allows.
package sqlstore
