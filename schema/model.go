package schema

import (
	"go/token"
	"go/types"
	"slices"
	"time"
)

// Package is one package with its schemas, none if it has none.
type Package struct {
	Name, Path, Dir string
	Types           *types.Package
	Schemas         []*Schema // in source order

	// Output is the base name of the file to generate. Schemas in test files have a package of
	// their own here, of the same Path as the one that they test or with _test at its end: what
	// is generated for them belongs into a test file.
	Output string

	// Constraint is the build constraint that the schemas' files share, "" if there is none.
	Constraint string

	// Declared holds the package-level names of the package's other files, hand-written or
	// generated, tests and other build configurations among them. Imported holds the names that
	// hand-written files import packages as. Generated code can declare neither; it can import a
	// package by a name that another file imports one by. Both are nil if there is no schema.
	Declared, Imported map[string]bool

	// Others names the schemas of the package that this run is not about: Config.Types leaves them
	// out, or they are built at another time.
	Others []string

	// Written lists the files in Dir that sessiongen wrote for this package, those of other build
	// configurations left out: what they list may be in browsers.
	Written []Written

	// Obsolete lists the files in Dir that sessiongen wrote and that have no use any more.
	Obsolete []Obsolete

	// Moved is the file that made room for Output, nil if there is none.
	Moved *Move

	excluded []*Schema // of files that are built at another time: their names and constraints
}

// Written is a file that sessiongen wrote in an earlier run.
type Written struct {
	Path   string // absolute
	Source []byte
	Stays  bool // this run neither replaces nor removes it
}

// Obsolete is a file of ours to be removed.
type Obsolete struct {
	Path string // absolute
	Why  string // what became of its schemas
}

// Schema is a struct type that describes a session.
type Schema struct {
	Name     string // of the struct type: "session"
	TypeName string // of the generated type: "Session"
	Doc      string // the type's doc comment without markers
	Pos      token.Position
	Struct   *types.Struct
	Fields   []*Field // without those tagged `session:"-"`
	Hints    Findings // what may be meant otherwise, but is not wrong

	Constraint string // the build constraint of its file, "" if there is none
}

// Generated returns the package-level exported names that generated code declares for s, besides those of
// its fields.
func (s *Schema) Generated() []string {
	names := []string{s.TypeName, "New" + s.TypeName + "Manager", s.TypeName + "From", s.Manager()}
	if s.Principal() != nil {
		names = append(names, s.Entry())
	}
	return names
}

// Manager and Entry name the types that are generated for managers, and for what they list.
func (s *Schema) Manager() string { return s.TypeName + "Manager" }
func (s *Schema) Entry() string   { return s.TypeName + "Entry" }

// Stored are the fields that the session itself has: all but the flows.
func (s *Schema) Stored() []*Field {
	return slices.DeleteFunc(slices.Clone(s.Fields), func(f *Field) bool { return f.Use == Flow })
}

// Principal is the field that says whom a session belongs to, nil if none does.
func (s *Schema) Principal() *Field {
	if i := slices.IndexFunc(s.Fields, func(f *Field) bool { return f.Principal }); i >= 0 {
		return s.Fields[i]
	}
	return nil
}

// Field is one field of a schema.
type Field struct {
	Name   string // as it appears in accessors: the Go name, its first letter in upper case
	GoName string
	Key    string // on the wire
	Doc    string // the doc comment, or else the comment at the end of the line, without markers
	Tag    string // the whole struct tag, unquoted
	Type   *Type

	Max       int           // bytes of a string or []byte, elements of a slice or map, flows at once; 0 is no limit
	Each      int           // bytes of each element of a slice or array, or pair of a map, encoded; 0 is no limit
	TTL       time.Duration // whole seconds; 0 is none
	Default   string        // a Go constant expression, "" if there is none
	Secret    bool
	Principal bool
	Visitor   bool // it stays when the principal changes or goes
	Use       Use
	Path      string   // of a Flow's cookie, "" for the session's
	CrossSite bool     // whether a Flow comes back by a form of another site too
	Was       []string // older keys
	Partial   bool     // its type may lose members that are not exported
	Lost      []string // those that it does lose

	Pos, TagPos token.Position
}

// Methods returns the names of the accessors that generated code declares for f. Slices, but not
// byte slices, can be appended to.
func (f *Field) Methods() []string {
	var names []string
	switch f.Use {
	case Flash:
		return []string{"Add" + f.Name, "Take" + f.Name, "Has" + f.Name, "Clear" + f.Name}
	case Flow:
		return []string{"Start" + f.Name, "TryStart" + f.Name, "Take" + f.Name}
	case Factor:
		return []string{"Prove" + f.Name, f.Name + "Within"}
	}
	for _, verb := range []string{"Get", "Has", "Lookup", "Set", "Pop", "Clear", "Update"} {
		names = append(names, verb+f.Name)
	}
	if f.MayRefuse() {
		names = append(names, "TrySet"+f.Name)
	}
	if f.Appends() {
		names = append(names, "Append"+f.Name)
	}
	if f.Appends() && f.MayRefuse() {
		names = append(names, "TryAppend"+f.Name)
	}
	return names
}

// Appends reports whether f is a slice that can be appended to.
func (f *Field) Appends() bool { return f.Type != nil && f.Type.Kind == Slice }

// MayRefuse reports whether there are values that f does not take: too large ones, or such as cannot be encoded.
func (f *Field) MayRefuse() bool {
	return f.Max > 0 || f.Each > 0 || f.Type != nil && f.Type.mayFail(map[any]bool{})
}

// MaxName is the name of the constant for f's max in generated code, "" if there is none. A flash
// has none: what is too much pushes out what is older.
func (f *Field) MaxName(s *Schema) string {
	if f.Max == 0 || f.Use != Value {
		return ""
	}
	return "Max" + s.TypeName + f.Name
}

// Use says what a field is for, which decides its accessors.
type Use int

// The uses. That of a Value is the program's own affair.
const (
	Value  Use = iota
	Flash      // what the next page shows, once
	Flow       // what is begun here and comes back from elsewhere: a cookie of its own
	Factor     // when the visitor last proved something
)

// Kind says how a value is stored.
type Kind int

// The kinds. Those from Custom to Via leave the encoding to methods of the type, or to others.
const (
	Invalid Kind = iota
	Bool
	Int
	Uint
	Float32
	Float64
	String
	Bytes     // a slice of bytes
	ByteArray // an array of bytes
	Time      // time.Time, or a type over it
	Slice
	Array
	Map
	Pointer
	StructKind
	Custom  // msgpack.CustomEncoder and CustomDecoder
	Msgpack // msgpack.Marshaler and Unmarshaler
	Binary  // encoding.BinaryMarshaler and BinaryUnmarshaler
	Text    // encoding.TextMarshaler and TextUnmarshaler
	JSON    // by encoding/json: via=json
	Gob     // by encoding/gob: via=gob
	Via     // by functions of the package: see Hook
	Any     // the empty interface
)

// Type is a type that a session can store, and how.
type Type struct {
	// Go is the type as the user wrote it: aliases and names are kept. It can be written in the
	// schema's package: where a name cannot (unexported, or of an internal package), an alias that
	// can stands in for it.
	Go types.Type

	// Kind is how a value is encoded, Decode how it is decoded. They differ only for a type whose
	// methods differ: v5 looks for each side's apart.
	Kind, Decode Kind

	Key, Elem *Type   // of a Map; of a Slice, Array, Map or Pointer
	Len       int64   // of an Array or ByteArray
	Struct    *Struct // of a StructKind
	Hook      *Hook   // of a Via

	// Lost names the members that a JSON or Gob leaves out, as they are not exported.
	Lost []string

	// A type that contains itself with no struct on the way (type Tree []Tree) is one *Type,
	// reached again through Elem.
}

// mayFail reports whether a value of the type may be one that cannot be encoded: something else than this
// module writes it, or it may hold itself without end. Within has the types and structs that t is a part of.
func (t *Type) mayFail(within map[any]bool) bool {
	if within[t] {
		return true
	}
	within[t] = true
	defer delete(within, t)
	switch t.Kind {
	case StructKind:
		if within[t.Struct] {
			return true
		}
		within[t.Struct] = true
		defer delete(within, t.Struct)
		return slices.ContainsFunc(t.Struct.Members, func(m *Member) bool { return m.Type.mayFail(within) })
	case Slice, Array, Pointer:
		return t.Elem.mayFail(within)
	case Map:
		return t.Key.mayFail(within) || t.Elem.mayFail(within)
	}
	return t.Kind >= Custom
}

// Struct is a struct type that is stored field by field. There is one for each distinct type in a
// package.
type Struct struct {
	Go      types.Type
	Name    string // an identifier that begins in upper case, unique in the package: "Item", "PageOfItem"
	AsArray bool   // stored as an array of its members, not as a map
	Members []*Member

	// Pinned: it has a lock, so that it must not be copied. It is only ever what a pointer points to.
	Pinned bool

	// Lost names the fields that are not stored, as they are not exported.
	Lost []string

	// LetGo names those of embedded structs that may be lost, by the option partial.
	LetGo []string

	// Literal reports whether the struct type can be written field by field in this package, as a
	// compile-time check needs it.
	Literal bool
	Pos     token.Position // of the type's name; of the schema's field for an unnamed type
}

// Member is one field of a struct, embedded structs flattened by v5's rules.
type Member struct {
	Name      string   // on the wire
	Aliases   []string // other names that are read
	Path      []Step   // from the struct to the field
	Type      *Type
	OmitEmpty bool
	Partial   bool     // its type may lose members that are not exported
	Lost      []string // those that it does lose
}

// Step is one selector on the way to a member.
type Step struct {
	Name    string
	Pointer types.Type // the element type to allocate, if this is a struct embedded by pointer
}
