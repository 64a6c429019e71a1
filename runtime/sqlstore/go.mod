module github.com/sessiongen/sessiongen/runtime/sqlstore

go 1.26.0

replace github.com/sessiongen/sessiongen => ../../

require github.com/sessiongen/sessiongen v0.0.0-00010101000000-000000000000

require (
	github.com/vmihailenco/msgpack/v5 v5.4.1 // indirect
	github.com/vmihailenco/tagparser/v2 v2.0.0 // indirect
)
