// Package code lists the kinds of findings. docs/errors.md explains them.
package code

// A Code is the kind of a finding: a word that stays the same when the finding's text changes, for programs that read
// the output of sessiongen -json.
type Code string

// Schemas.
const (
	UnnamedSchema    Code = "unnamed-schema"
	SchemaAlias      Code = "schema-alias"
	GenericSchema    Code = "generic-schema"
	NestedSchema     Code = "nested-schema"
	EmptySchema      Code = "empty-schema"
	UntaggedSchema   Code = "untagged-schema"
	MixedConstraints Code = "mixed-constraints"
	OutputTaken      Code = "output-taken"
	OutputConstraint Code = "output-constraint"
)

// Tags.
const (
	MissingTag    Code = "missing-tag"
	MalformedTag  Code = "malformed-tag"
	SharedTag     Code = "shared-tag"
	DashOptions   Code = "dash-options"
	InvalidKey    Code = "invalid-key"
	DuplicateKey  Code = "duplicate-key"
	EmbeddedField Code = "embedded-field"
)

// Options.
const (
	UnknownOption      Code = "unknown-option"
	EmptyOption        Code = "empty-option"
	OptionSpace        Code = "option-space"
	DuplicateOption    Code = "duplicate-option"
	MissingValue       Code = "missing-value"
	UnexpectedValue    Code = "unexpected-value"
	MalformedQuote     Code = "malformed-quote"
	InapplicableOption Code = "inapplicable-option"
	OptionConflict     Code = "option-conflict"
	InvalidLimit       Code = "invalid-limit"
	InvalidEncoding    Code = "invalid-encoding"
	InvalidDefault     Code = "invalid-default"
	DefaultOverflow    Code = "default-overflow"
	DefaultOverMax     Code = "default-over-max"
	InvalidTTL         Code = "invalid-ttl"
	InvalidPath        Code = "invalid-path"
	InvalidSameSite    Code = "invalid-samesite"
	NeedlessPartial    Code = "needless-partial"
	SecondPrincipal    Code = "second-principal"
	MissingPrincipal   Code = "missing-principal"
	WasInUse           Code = "was-in-use"
	DuplicateWas       Code = "duplicate-was"
	TooManyWas         Code = "too-many-was"
)

// Names.
const (
	UnexportableName  Code = "unexportable-name"
	BlankField        Code = "blank-field"
	AccessorCollision Code = "accessor-collision"
	MethodCollision   Code = "method-collision"
	TypeCollision     Code = "type-collision"
	ConstantCollision Code = "constant-collision"
	PredeclaredName   Code = "predeclared-name"
)

// Types.
const (
	UnstorableType    Code = "unstorable-type"
	UnstorableMapKey  Code = "unstorable-map-key"
	Interface         Code = "interface"
	Lock              Code = "lock"
	UnexportedMembers Code = "unexported-members"
	NothingExported   Code = "nothing-exported"
	MissingMethod     Code = "missing-method"
	MixedMethods      Code = "mixed-methods"
	EmbeddedMethods   Code = "embedded-methods"
	ProtobufMessage   Code = "protobuf-message"
	PointerToItself   Code = "pointer-to-itself"
	EndlessType       Code = "endless-type"
	UnnameableType    Code = "unnameable-type"
	CType             Code = "c-type"
	InvalidType       Code = "invalid-type"
	CompileError      Code = "compile-error"
	SyntaxError       Code = "syntax-error"
)

// Functions that encode a type.
const (
	MalformedDirective Code = "malformed-directive"
	DuplicateDirective Code = "duplicate-directive"
	DirectiveType      Code = "directive-type"
	DirectiveFunction  Code = "directive-function"
)

// Structs and msgpack tags.
const (
	DuplicateMember    Code = "duplicate-member"
	HiddenMember       Code = "hidden-member"
	EmbedsItself       Code = "embeds-itself"
	InternedString     Code = "interned-string"
	NeedlessInline     Code = "needless-inline"
	UnexportedEmbedded Code = "unexported-embedded"
)

// Changes of a schema.
const (
	TypeChanged    Code = "type-changed"
	TypeReturned   Code = "type-returned"
	WasTypeChanged Code = "was-type-changed"
	MembersChanged Code = "members-changed"
)

// Sizes.
const (
	TooLarge Code = "too-large"
	Size     Code = "size"
)

// Hints.
const (
	NoPrincipal Code = "no-principal"
	JSONDash    Code = "json-dash"
)

// Mistakes that compile.
const (
	LateChange    Code = "late-change"
	LostChange    Code = "lost-change"
	SessionCookie Code = "session-cookie"
	SharedName    Code = "shared-name"
	StringKey     Code = "string-key"
)

// Files, packages and flags.
const (
	OutOfDate        Code = "out-of-date"
	Moved            Code = "moved"
	Removed          Code = "removed"
	NotGenerated     Code = "not-generated"
	NoSchema         Code = "no-schema"
	NotASchema       Code = "not-a-schema"
	NoSuchType       Code = "no-such-type"
	OtherBuild       Code = "other-build"
	InvalidTypeFlag  Code = "invalid-type-flag"
	InvalidOutput    Code = "invalid-output"
	InvalidArguments Code = "invalid-arguments"
	NoPackages       Code = "no-packages"
	NoModule         Code = "no-module"
	LoadFailed       Code = "load-failed"
	Failed           Code = "failed"
)

// A Severity says what a finding means for a run.
type Severity string

// An Error fails the run, a Warning may be worth a change, and Info says what was done or found.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Info    Severity = "info"
)

// Severity is the severity of all findings of a kind.
func (c Code) Severity() Severity {
	switch c {
	case NoPrincipal, JSONDash:
		return Warning
	case Size, Moved, Removed:
		return Info
	}
	return Error
}
