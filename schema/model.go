package schema

import (
	"go/token"
	"go/types"
	"slices"
	"time"
)

// Package is a package with its schemas, if it has any.
type Package struct {
	Name, Path, Dir string
	Types           *types.Package
	Schemas         []*Schema // in source order

	// Output is the base name of the file to generate. Schemas in test files have a separate Package, whose Path is
	// that of the tested package, perhaps with _test at the end: their generated code belongs into a test file.
	Output string

	// Constraint is the build constraint that the schemas' files share, "" if there is none.
	Constraint string

	// Declared holds the package-level names of the package's other files, hand-written or generated, including tests
	// and other build configurations. Imported holds the names under which hand-written files import packages.
	// Generated code must not declare either; it may import a package under the name that another file uses for it.
	// Both are nil if there is no schema.
	Declared, Imported map[string]bool

	// Others names the schemas of the package that this run does not generate: Config.Types leaves them out, or they
	// are built at another time.
	Others []string

	// Written lists the files in Dir that sessiongen wrote for this package, without those of other build
	// configurations: browsers may have what they list.
	Written []Written

	// Obsolete lists the files in Dir that sessiongen wrote and that are no longer needed.
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

// Obsolete is a generated file to remove.
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
	Hints    Findings // suggestions, not errors

	Constraint string // the build constraint of its file, "" if there is none
}

// Generated returns the package-level exported names that generated code declares for s, without those of its fields.
func (s *Schema) Generated() []string {
	names := []string{s.TypeName, "New" + s.TypeName + "Manager", s.TypeName + "From", s.Manager()}
	if s.Principal() != nil {
		names = append(names, s.Entry())
	}
	return names
}

// Manager and Entry name the generated types for managers and for their listed sessions.
func (s *Schema) Manager() string { return s.TypeName + "Manager" }
func (s *Schema) Entry() string   { return s.TypeName + "Entry" }

// Stored lists the fields in the session itself: all but the flows.
func (s *Schema) Stored() []*Field {
	return slices.DeleteFunc(slices.Clone(s.Fields), func(f *Field) bool { return f.Use == Flow })
}

// Principal is the field that says whom a session belongs to, nil if there is none.
func (s *Schema) Principal() *Field {
	if i := slices.IndexFunc(s.Fields, func(f *Field) bool { return f.Principal }); i >= 0 {
		return s.Fields[i]
	}
	return nil
}

// Field is one field of a schema.
type Field struct {
	Name   string // in accessors: the Go name with its first letter in upper case
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
	Visitor   bool // it stays when the principal changes or leaves
	Use       Use
	Path      string   // of a Flow's cookie, "" for the session's
	CrossSite bool     // a Flow may also come back by a form of another site
	Was       []string // older keys
	Partial   bool     // unexported members of its type may be lost
	Lost      []string // the members that are lost

	Pos, TagPos token.Position
}

// Methods returns the names of the accessors that generated code declares for f. Slices have Append, except byte
// slices.
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

// MayRefuse reports whether f may refuse a value: one that is too large or cannot be encoded.
func (f *Field) MayRefuse() bool {
	return f.Max > 0 || f.Each > 0 || f.Type != nil && f.Type.mayFail(map[any]bool{})
}

// MaxName is the name of the constant for f's max in generated code, "" if there is none. A flash has none: new
// messages push out the oldest.
func (f *Field) MaxName(s *Schema) string {
	if f.Max == 0 || f.Use != Value {
		return ""
	}
	return "Max" + s.TypeName + f.Name
}

// Use says what a field is for. It decides the accessors.
type Use int

// The uses. A Value is for the program to use.
const (
	Value  Use = iota
	Flash      // shown on the next page, once
	Flow       // begun here, comes back from elsewhere: a cookie of its own
	Factor     // when the visitor last proved something
)

// Kind says how a value is stored.
type Kind int

// The kinds. From Custom to Via, methods of the type or other code do the encoding.
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
	// Go is the type as the user wrote it, with its aliases and names. It can be written in the schema's package: if a
	// name cannot (it is unexported, or of an internal package), an alias replaces it.
	Go types.Type

	// Kind is how a value is encoded, Decode how it is decoded. They differ only if the type's methods do: v5 resolves
	// the two directions separately.
	Kind, Decode Kind

	Key, Elem *Type   // of a Map; of a Slice, Array, Map or Pointer
	Len       int64   // of an Array or ByteArray
	Struct    *Struct // of a StructKind
	Hook      *Hook   // of a Via

	// Lost names the unexported members that JSON or Gob leaves out.
	Lost []string

	// A type that contains itself without a struct in between (type Tree []Tree) is one *Type, reached again through
	// Elem.
}

// mayFail reports whether some value of the type cannot be encoded: other code writes it, or it may contain itself.
// Within has the types and structs around t.
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

// Struct is a struct type that is stored field by field. A package has one for each distinct type.
type Struct struct {
	Go      types.Type
	Name    string // an identifier that begins in upper case, unique in the package: "Item", "PageOfItem"
	AsArray bool   // stored as an array of its members, not as a map
	Members []*Member

	// Pinned structs have a lock and must not be copied. They only occur behind a pointer.
	Pinned bool

	// Lost names the unexported fields, which are not stored.
	Lost []string

	// LetGo names those of embedded structs that the option partial lets go.
	LetGo []string

	// Literal reports whether the struct type can be written field by field in this package, which a compile-time
	// check needs.
	Literal bool
	Pos     token.Position // of the type's name; of the schema's field for an unnamed type
}

// Member is one field of a struct. Embedded structs are flattened by v5's rules.
type Member struct {
	Name      string   // on the wire
	Aliases   []string // other names under which it is read
	Path      []Step   // from the struct to the field
	Type      *Type
	OmitEmpty bool
	Partial   bool     // unexported members of its type may be lost
	Lost      []string // the members that are lost
}

// Step is one selector on the way to a member.
type Step struct {
	Name    string
	Pointer types.Type // the element type to allocate, if this is a struct embedded by pointer
}
