package schema

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/tools/go/types/typeutil"

	"github.com/sessiongen/sessiongen/internal/code"
)

// Source is one type-checked package, in the form of packages.Package and analysis.Pass. The check may have failed,
// provided that it found the types that schemas use.
type Source struct {
	Fset  *token.FileSet
	Files []*ast.File // generated files among them are ignored
	Tests []*ast.File // files of the same package that were not checked: only their names matter
	// Schemas are the files to look for schemas in, nil for all of Files.
	Schemas []*ast.File
	Beside  []*Schema // schemas of the same package that have a generated file of their own
	Types   *types.Package
	Info    *types.Info
	Errors  []types.Error // of the check
	Deps    []Source      // packages that had to be read from source: their errors may explain ours
	Dir     string        // file names in messages are relative to it

	Constraint func(*ast.File) string // the build constraint of a file, "" if there is none; nil if none has any
}

// TypeName chooses a schema by the name of its struct type. Generated is the name of its generated type, "" for the
// default.
type TypeName struct{ Schema, Generated string }

// Inspect finds and checks the schemas of one package: all of them, or only those in the list. If there are errors
// among the findings, do not generate from the schemas.
func Inspect(src Source, only []TypeName) ([]*Schema, Findings) {
	in := &inspector{
		src:     src,
		structs: new(typeutil.Map),
		named:   new(typeutil.Map),
		names:   map[string]bool{},
		nesting: map[*types.Named]int{},
	}
	in.findHooks()
	var schemas []*Schema
	for _, d := range in.declarations() {
		i := slices.IndexFunc(only, func(t TypeName) bool { return t.Schema == d.spec.Name.Name })
		switch {
		case len(only) == 0:
			schemas = append(schemas, in.schema(d, ""))
		case i >= 0:
			schemas = append(schemas, in.schema(d, only[i].Generated))
		}
	}
	in.partialMembers()
	in.collisions(schemas)
	in.constraints(schemas)
	return schemas, in.findings.Sorted()
}

type inspector struct {
	src      Source
	findings Findings

	structs *typeutil.Map   // types.Type -> *Struct
	named   *typeutil.Map   // types.Type -> *Type, of those being looked into
	names   map[string]bool // of structs
	aliases []*types.Alias  // that may replace a type, found when first needed
	scanned bool            // whether aliases is filled
	known   []types.Type    // the keys of structs, in the order they were found
	hooks   []*Hook

	// Of the current schema:
	was         []wasKey
	keyAt       map[*Field]token.Pos
	optionAt    map[optionOf]token.Pos
	principalAt token.Pos
	hints       Findings

	// Of the current field:
	at        token.Pos // of its type
	root      string    // how paths into its type begin
	partialAt token.Pos // of its option partial

	nesting map[*types.Named]int // how many instances of a generic type are being looked into
	endless bool                 // one of them never ends

	// Of the current part of the field's type:
	owner   types.Type // the struct that has it as a member, nil if there is none
	dash    bool       // it is tagged json:"-"
	through bool       // a pointer points to it
}

type wasKey struct {
	field *Field
	key   string
	at    token.Pos
}

// report adds a finding.
func (in *inspector) report(kind code.Code, at token.Pos, hint, format string, args ...any) {
	in.reportAt(kind, in.position(at), hint, format, args...)
}

func (in *inspector) position(at token.Pos) token.Position {
	p := in.src.Fset.PositionFor(at, false) // //line positions are not in a file that people write
	p.Filename = relative(in.src.Dir, p.Filename)
	return p
}

// typeName writes a type for people.
func (in *inspector) typeName(t types.Type) string {
	return types.TypeString(t, func(p *types.Package) string {
		if p.Path() == in.src.Types.Path() {
			return ""
		}
		return p.Name()
	})
}

// A declaration is a package-level struct type with session tags.
type declaration struct {
	spec *ast.TypeSpec
	typ  *ast.StructType
	doc  *ast.CommentGroup
	file *ast.File
}

// declarations finds the schemas, and reports session tags that have no effect.
func (in *inspector) declarations() []declaration {
	var found []declaration
	files := in.src.Schemas
	if files == nil {
		files = in.src.Files
	}
	for _, file := range files {
		if !IsGenerated(file) {
			found = append(found, in.declarationsIn(file)...)
		}
	}
	slices.SortFunc(found, func(a, b declaration) int {
		p, q := in.position(a.spec.Pos()), in.position(b.spec.Pos())
		if p.Filename != q.Filename {
			return strings.Compare(p.Filename, q.Filename)
		}
		return p.Offset - q.Offset
	})
	return found
}

func (in *inspector) declarationsIn(file *ast.File) []declaration {
	var found []declaration
	schemas := map[*ast.StructType]bool{}
	for _, decl := range file.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != token.TYPE {
			continue
		}
		for _, spec := range gen.Specs {
			spec := spec.(*ast.TypeSpec)
			st, ok := ast.Unparen(spec.Type).(*ast.StructType)
			if !ok || !hasSessionTag(st) {
				continue
			}
			schemas[st] = true
			doc := spec.Doc
			if doc == nil && !gen.Lparen.IsValid() {
				doc = gen.Doc
			}
			if in.describesSession(spec) {
				found = append(found, declaration{spec, st, doc, file})
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if st, ok := n.(*ast.StructType); ok && !schemas[st] && hasSessionTag(st) {
			in.report(code.NestedSchema, st.Pos(), "declare the struct as a type of its own, outside functions and other types",
				"session tags in a struct that is not a package-level type")
		}
		return true
	})
	return found
}

// describesSession reports a struct with session tags whose declaration cannot be a schema.
func (in *inspector) describesSession(spec *ast.TypeSpec) bool {
	switch {
	case spec.Name.Name == "_":
		in.report(code.UnnamedSchema, spec.Name.Pos(), "name it, as in type session struct", "a schema without a name")
	case spec.Assign.IsValid():
		in.report(code.SchemaAlias, spec.Name.Pos(), "declare it without the =", "schema %s is an alias", spec.Name.Name)
	case spec.TypeParams != nil:
		in.report(code.GenericSchema, spec.Name.Pos(), "a schema describes one session: write the types out", "schema %s has type parameters", spec.Name.Name)
	default:
		return true
	}
	return false
}

// schema reads one schema.
func (in *inspector) schema(d declaration, typeName string) *Schema {
	name := d.spec.Name
	s := &Schema{Name: name.Name, TypeName: typeName, Doc: d.doc.Text(), Pos: in.position(name.Pos())}
	if in.src.Constraint != nil {
		s.Constraint = in.src.Constraint(d.file)
	}
	if s.TypeName == "" {
		s.TypeName = exported(s.Name)
		if less := strings.TrimSuffix(s.TypeName, "Schema"); less != "" {
			s.TypeName = less
		}
		if !token.IsExported(s.TypeName) {
			in.report(code.UnexportableName, name.Pos(), fmt.Sprintf("name the generated type: -type %s=Session", s.Name),
				"schema %s has no name that can be exported: %s has no upper case", s.Name, s.Name)
		}
	}
	in.was, in.keyAt, in.principalAt, in.hints = nil, map[*Field]token.Pos{}, token.NoPos, nil
	in.optionAt = map[optionOf]token.Pos{}
	if in.typeErrors(name.Pos(), name.Pos()) {
		s.TypeName = "" // declared twice
		return s
	}
	if obj, ok := in.src.Info.Defs[name]; ok && obj != nil {
		s.Struct, _ = obj.Type().Underlying().(*types.Struct)
	}
	complete := true
	for _, field := range d.typ.Fields.List {
		complete = in.fields(s, field) && complete
	}
	if len(s.Fields) == 0 && complete {
		in.report(code.EmptySchema, name.Pos(), "give a field a key, or remove the session tags", "schema %s has no field to store", s.Name)
	}
	in.duplicates(s)
	in.ownership(s)
	in.checkUses(s)
	s.Hints = in.hints.Sorted()
	return s
}

// fields reads the fields on one line of a schema; it is false if the line is wrong for all of them.
func (in *inspector) fields(s *Schema, field *ast.Field) bool {
	tag, found, at, err := sessionTag(field.Tag)
	if err != nil {
		in.report(code.MalformedTag, at, "a tag is written `key:\"value\" key:\"value\"`", "%v", err)
		return false
	}
	names := field.Names
	if len(names) == 0 {
		names = []*ast.Ident{embeddedName(field.Type)}
	}
	switch {
	case !found:
		for _, name := range names {
			in.report(code.MissingTag, name.Pos(), fmt.Sprintf("give it a key, as in `session:%q`, or leave it out of the session: `session:\"-\"`", keyFor(name.Name)),
				"field %s has no session tag", name.Name)
		}
		return false
	case tag.s == "-":
		return true
	case strings.HasPrefix(tag.s, "-,"):
		in.report(code.DashOptions, tag.at(), "write session:\"-\" alone", "session:\"-\" takes no options")
		return false
	case len(field.Names) == 0:
		in.report(code.EmbeddedField, field.Type.Pos(), fmt.Sprintf("give it a name: %s %s", exported(names[0].Name), types.ExprString(field.Type)),
			"embedded field %s cannot be stored as it is", names[0].Name)
		return false
	case len(names) > 1:
		in.report(code.SharedTag, names[1].Pos(), "declare each on a line of its own", "fields %s and %s share one session key", names[0].Name, names[1].Name)
		return false
	}
	return in.field(s, field, tag)
}

func (in *inspector) field(s *Schema, field *ast.Field, tag text) bool {
	name := field.Names[0]
	f := &Field{
		Name:   exported(name.Name),
		GoName: name.Name,
		Doc:    field.Doc.Text(),
		Tag:    literal(field.Tag).s,
		Pos:    in.position(name.Pos()),
		TagPos: in.position(field.Tag.Pos()),
	}
	if f.Doc == "" {
		f.Doc = field.Comment.Text()
	}
	if !token.IsExported(f.Name) {
		hint := fmt.Sprintf("name it by what its accessors shall be called; the key may stay session:%q", tag.s)
		if name.Name == "_" {
			in.report(code.BlankField, name.Pos(), hint, "a blank field cannot be stored")
		} else {
			in.report(code.UnexportableName, name.Pos(), hint, "field %s has no name that can be exported: %s has no upper case", name.Name, name.Name)
		}
		return false
	}
	if in.typeErrors(name.Pos(), name.Pos()) {
		return false // declared twice
	}
	if v, ok := in.src.Info.Defs[name].(*types.Var); ok && !in.typeErrors(field.Type.Pos(), field.Type.End()) {
		key, _, _ := tag.cut(",")
		in.at, in.root, in.endless = field.Type.Pos(), key.s, false
		f.Type = in.typVia(v.Type(), viaOption(tag), key.s)
	}
	in.options(f, tag)
	s.Fields = append(s.Fields, f)
	return true
}

// duplicates reports keys and accessors that two fields of s share.
func (in *inspector) duplicates(s *Schema) {
	keys, accessors := map[string]*Field{}, map[string]*Field{}
	for _, f := range s.Fields {
		if other := keys[f.Key]; other != nil {
			in.report(code.DuplicateKey, in.keyAt[f], "give one of them another key", "field %s has the key %q of field %s, also declared at %s",
				f.GoName, f.Key, other.GoName, in.position(in.keyAt[other]))
		} else {
			keys[f.Key] = f
		}
		if other := accessors[f.Name]; other != nil {
			in.reportAt(code.AccessorCollision, f.Pos, "rename one of them; its key may stay", "fields %s and %s have the same accessors (Get%s, ...): %s is also declared at %s",
				other.GoName, f.GoName, f.Name, other.GoName, other.Pos)
		} else {
			accessors[f.Name] = f
		}
	}
	old := map[string]wasKey{}
	for _, w := range in.was {
		if f := keys[w.key]; f != nil {
			in.report(code.WasInUse, w.at, "was= names a key that no field has any more", "was=%s is the key of field %s, declared at %s", w.key, f.GoName, f.Pos)
		} else if other, ok := old[w.key]; ok {
			in.report(code.DuplicateWas, w.at, "an old key can have become only one field", "was=%s is also given at %s", w.key, in.position(other.at))
		}
		old[w.key] = w
	}
}

func (in *inspector) reportAt(kind code.Code, pos token.Position, hint, format string, args ...any) {
	in.findings = append(in.findings, NewFinding(kind, pos, hint, format, args...))
}

// exported is name with its first letter in upper case, otherwise unchanged.
func exported(name string) string {
	r, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToUpper(r)) + name[size:]
}

// embeddedName is the name that an embedded field gets from its type.
func embeddedName(e ast.Expr) *ast.Ident {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		case *ast.SelectorExpr:
			return x.Sel
		case *ast.IndexExpr:
			e = x.X
		case *ast.IndexListExpr:
			e = x.X
		default:
			return &ast.Ident{NamePos: e.Pos(), Name: "_"}
		}
	}
}

// keyFor suggests a key for a field: UserID, user_id.
func keyFor(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		lowerNext := i+1 < len(runes) && unicode.IsLower(runes[i+1])
		if unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || lowerNext) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	if checkKey(b.String()) != nil {
		return "key"
	}
	return b.String()
}
