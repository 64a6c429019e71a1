module github.com/sessiongen/sessiongen/bench/cmd/stores

go 1.26.0

replace (
	github.com/sessiongen/sessiongen => ../../../
	github.com/sessiongen/sessiongen/bench => ../../
	github.com/sessiongen/sessiongen/runtime/redisstore => ../../../runtime/redisstore
)

require (
	github.com/alexedwards/scs/goredisstore v0.0.0-20250212122300-421ef1d8611c
	github.com/alexedwards/scs/pgxstore v0.0.0-20240316134038-7e11d57e8885
	github.com/alexedwards/scs/postgresstore v0.0.0-20251002162104-209de6e426de
	github.com/alexedwards/scs/redisstore v0.0.0-20251002162104-209de6e426de
	github.com/alexedwards/scs/v2 v2.9.0
	github.com/gomodule/redigo v1.9.3
	github.com/jackc/pgx/v5 v5.12.0
	github.com/redis/go-redis/v9 v9.23.0
	github.com/sessiongen/sessiongen v0.0.0-00010101000000-000000000000
	github.com/sessiongen/sessiongen/bench v0.0.0-00010101000000-000000000000
	github.com/sessiongen/sessiongen/runtime/redisstore v0.0.0-00010101000000-000000000000
)

require (
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/jackc/pgpassfile v1.0.0 // indirect
	github.com/jackc/pgservicefile v0.0.0-20240606120523-5a60cdf6a761 // indirect
	github.com/jackc/puddle/v2 v2.2.3 // indirect
	github.com/vmihailenco/msgpack/v5 v5.4.1 // indirect
	github.com/vmihailenco/tagparser/v2 v2.0.0 // indirect
	go.uber.org/atomic v1.12.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)

replace github.com/sessiongen/sessiongen/runtime/echosession => ../../../runtime/echosession

replace github.com/sessiongen/sessiongen/runtime/fibersession => ../../../runtime/fibersession

replace github.com/sessiongen/sessiongen/runtime/ginsession => ../../../runtime/ginsession
