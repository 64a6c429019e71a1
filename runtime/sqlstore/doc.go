// Package sqlstore keeps sessions in a table of SQLite, PostgreSQL, MySQL or MariaDB.
// It uses database/sql alone, and the program chooses the driver.
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
// [Store.CreateTable] creates the table and its indexes if they do not exist. A program that runs its
// own migrations, or whose user may not create tables, takes the statements from [Schema]. For a table
// named sessions they are, on SQLite
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
// Acknowledged writes must survive a crash. Otherwise a destroyed session can come back. That requires
//
//   - SQLite: journal_mode=WAL, so that readers do not wait for a writer, and
//     synchronous=FULL, which is the default. synchronous=NORMAL is faster. Then a crash
//     of the program still loses nothing, but a power failure or a crash of the operating
//     system can lose the last writes, including destroyed sessions. Neither setting
//     damages the database; synchronous=OFF can. busy_timeout is for the locks of other
//     processes, and should be less than Config.StoreTimeout.
//   - PostgreSQL: fsync=on and synchronous_commit=on, both the default. With
//     synchronous_commit=off, a crash of the server loses the writes of the last three
//     wal_writer_delay, 0.6 seconds by default, and damages nothing.
//   - MySQL, MariaDB: innodb_flush_log_at_trx_commit=1, the default. With 2, a crash of
//     the operating system loses about the last second. With 0, a crash of the server
//     does too. With a binary log, sync_binlog=1.
//
// For modernc.org/sqlite:
//
//	file:sessions.db?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(1000)
//
// A method returns as soon as its context ends. MySQL's driver does not tell the server, which may
// still execute the statement.
//
// By default, database/sql keeps 2 idle connections. Under load it opens further ones, each for a single
// call. To avoid that, set SetMaxOpenConns and SetMaxIdleConns to the same number.
//
// # Purging
//
// An expired record only takes up space until it is purged. [Store.PurgeEvery] deletes in small batches,
// each in a transaction of its own, and pauses after each batch for as long as the batch took. It deletes
// records that expired more than an hour ago, because the clocks of nodes may differ by up to an hour.
// SQLite allows one writer at a time, so a write may wait for one batch, which should take about 4 ms.
// PurgeEvery checkpoints SQLite's log after each batch, so that no request has to. One process is
// enough to purge a table, and several do no harm.
//
// # Round trips
//
// Each method of [runtime.Store] except DeleteByPrincipal and DeleteAll is one statement, and takes one
// round trip on a connection that has run it before. A Replace that does not find its version takes a
// second statement to find out why. List takes one statement for each hundred records. DeleteByPrincipal
// and DeleteAll take two statements for a batch of 64 to 1024 records, which should take about 20 ms.
// Each batch is a transaction of its own, and stays deleted if the call is cut off. No method begins a
// transaction over several statements, so a pooler such as PgBouncer works, as far as the driver's use of
// prepared statements allows.
package sqlstore
