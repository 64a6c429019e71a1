package revoketest

import (
	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/codec"
)

// session stands for a generated type. Builds differ in what they know about the account.
type session struct{ runtime.Session }

// A schema is one version of the program.
type schema uint8

const (
	withPrincipal    schema = iota
	withoutPrincipal        // from before the account got the option principal
	oldName                 // from before the account was renamed, with was=uid
	schemas
)

func (s schema) String() string {
	return [...]string{"principal", "no principal", "old name"}[s]
}

// Fields of a schema. The tag names the log-in that a session belongs to, or the visit that began it.
type schemaFields struct {
	account runtime.Field[int64]
	tag     runtime.Field[int]
	visits  runtime.Field[int]
	code    runtime.Field[string]
}

func newFields(s schema) *schemaFields {
	f := &schemaFields{
		account: runtime.Field[int64]{Index: 0, Name: "Account", Key: "account", Principal: s != withoutPrincipal,
			Encode: codec.EncodeInt[int64], Decode: codec.DecodeInt[int64]},
		tag: runtime.Field[int]{Index: 1, Name: "Tag", Key: "tag",
			Encode: codec.EncodeInt[int], Decode: codec.DecodeInt[int]},
		visits: runtime.Field[int]{Index: 2, Name: "Visits", Key: "visits",
			Encode: codec.EncodeInt[int], Decode: codec.DecodeInt[int]},
		code: runtime.Field[string]{Index: 3, Name: "Code", Key: "code",
			Encode: codec.EncodeString[string], Decode: codec.DecodeString[string]},
	}
	switch s {
	case withPrincipal:
		f.account.Was = []string{"uid"}
	case oldName:
		f.account.Key = "uid"
	}
	return f
}

func (f *schemaFields) all() []runtime.AnyField {
	return []runtime.AnyField{&f.account, &f.tag, &f.visits, &f.code}
}
