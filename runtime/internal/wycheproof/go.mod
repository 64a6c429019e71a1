module github.com/sessiongen/sessiongen/runtime/internal/wycheproof

go 1.26.4

replace github.com/sessiongen/sessiongen => ../../..

require (
	github.com/c2sp/wycheproof v0.0.0-20260902155932-3fa63dd0344a
	github.com/sessiongen/sessiongen v0.0.0-00010101000000-000000000000
)
