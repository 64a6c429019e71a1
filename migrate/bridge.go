package migrate

import (
	"fmt"
	"go/ast"
	"go/format"
	"go/types"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A bridge has the methods by key that wrappers with a key parameter need. They call the accessors.
type bridge struct {
	target *target
	read   bool
	look   bool
	pop    bool
	write  bool
	delete bool
	add    bool
	take   bool
}

// bridged plans a site whose key is a parameter.
func (r *rewriter) bridged(s *site) (*change, *refusal) {
	if r.byHand {
		what := "the key"
		if len(s.fixed) > 0 {
			what = "the session or its name"
		}
		return nil, &refusal{what + " is a parameter", "call accessors where this function is called, and remove it; -bridge writes methods that take keys"}
	}
	recv, why := r.receiver(s)
	if why != nil {
		return nil, why
	}
	return r.bridgedAs(s, &writer{r: r, s: s, recv: recv})
}

// bridgedAs plans a site with a writer whose site may be a larger part of the program.
func (r *rewriter) bridgedAs(s *site, w *writer) (*change, *refusal) {
	fields, why := r.fieldsThrough(s)
	if why != nil {
		return nil, why
	}
	key, why := r.bridgeKey(s)
	if why != nil {
		return nil, why
	}
	var needs bridge
	c, why := needs.plan(w, key, fields)
	if why != nil {
		return nil, why
	}
	for _, t := range r.targetsAt(s, fields) {
		r.bridge(t).include(needs)
	}
	return c, nil
}

// plan plans a use by a key, and notes which methods it needs.
func (b *bridge) plan(w *writer, key string, fields []*field) (*change, *refusal) {
	s := w.s
	switch s.verb {
	case writeVerb:
		return b.set(w, key)
	case deleteVerb:
		node, why := w.node()
		if why != nil {
			return nil, why
		}
		b.delete = true
		return &change{edits: w.call(node, "ClearByKey("+key+")")}, nil
	case readVerb:
		return b.get(w, key, fields)
	case lookVerb:
		b.look = true
		return &change{edits: w.call(s.at.expr, "HasByKey("+key+")")}, nil
	case popVerb:
		return b.getAndRemove(w, key, fields)
	case addFlashVerb:
		b.add = true
		return &change{edits: w.callWith(s.at.expr, "AddByKey("+key+", ", ")")}, nil
	case takeFlashesVerb:
		b.take = true
		return &change{edits: w.call(s.at.expr, "TakeByKey("+key+")")}, nil
	}
	return nil, &refusal{"the key is a parameter", "call accessors where this function is called, and remove it"}
}

// include adds the methods that another bridge needs.
func (b *bridge) include(more bridge) {
	b.read, b.look, b.pop = b.read || more.read, b.look || more.look, b.pop || more.pop
	b.write, b.delete = b.write || more.write, b.delete || more.delete
	b.add, b.take = b.add || more.add, b.take || more.take
}

func (b *bridge) set(w *writer, key string) (*change, *refusal) {
	node, why := w.node()
	if why != nil {
		return nil, why
	}
	if w.s.val.part >= 0 {
		return nil, &refusal{"the value is one of several results", "keep it in a variable first"}
	}
	b.write = true
	return &change{edits: w.callWith(node, "SetByKey("+key+", ", ")")}, nil
}

func (b *bridge) get(w *writer, key string, fields []*field) (*change, *refusal) {
	e := w.s.at.expr
	if t := valueType(w.s.at); t != nil && !types.IsInterface(t) {
		c, why := w.typedByKey("ByKey("+key+")", fields, t)
		b.read = b.read || why == nil
		return c, why
	}
	b.read = true
	if n, ok := w.r.outer(e).(*ast.AssignStmt); ok && len(n.Lhs) == 2 && len(n.Rhs) == 1 {
		return &change{edits: w.call(e, "LookupByKey("+key+")")}, nil
	}
	return &change{edits: w.call(e, "ByKey("+key+")")}, nil
}

// getAndRemove plans a read that removes the value.
func (b *bridge) getAndRemove(w *writer, key string, fields []*field) (*change, *refusal) {
	e, method := w.s.at.expr, "PopByKey("+key+")"
	t := valueType(w.s.at)
	if _, alone := w.r.outer(e).(*ast.ExprStmt); alone || t == nil || types.IsInterface(t) {
		b.pop = true
		return &change{edits: w.call(e, method)}, nil
	}
	if !w.first(e) {
		return nil, &refusal{"the value is removed in the middle of a statement", "keep it in a variable first"}
	}
	c, why := w.typedByKey(method, fields, t)
	b.pop = b.pop || why == nil
	return c, why
}

// first reports whether a call is the first thing that its statement does, so that it may as well come before it.
func (w *writer) first(e ast.Expr) bool {
	switch n := w.r.outer(e).(type) {
	case *ast.ReturnStmt:
		return ast.Unparen(n.Results[0]) == e
	case *ast.AssignStmt:
		return ast.Unparen(n.Rhs[0]) == e && !slices.ContainsFunc(n.Lhs, func(left ast.Expr) bool { _, name := left.(*ast.Ident); return !name })
	}
	return false
}

// typedByKey plans a read that gives a value of one type, as some methods of scs do. All keys that reach it must have
// that type.
func (w *writer) typedByKey(method string, fields []*field, t types.Type) (*change, *refusal) {
	for _, d := range fields {
		if !types.Identical(d.typ, t) {
			return nil, &refusal{"it reads " + typeText(t) + ", and the field of " + d.key.name + " is of type " + typeText(d.typ), "call accessors where this function is called, and remove it"}
		}
	}
	e := w.s.at.expr
	stmt := w.r.block(e)
	typ, nameable := w.r.nameable(w.s.at.in, e, t)
	if stmt == nil || !nameable {
		return nil, &refusal{"the key is a parameter", "call accessors where this function is called, and remove it"}
	}
	name := w.r.newName(stmt, "v")
	return &change{edits: []edit{
		w.r.p.replaceRange(stmt.Pos(), stmt.Pos(), name+", _ := "+w.recv+"."+method+".("+typ+")\n"), w.r.p.replace(e, name),
	}}, nil
}

var noCall = refusal{"no call passes a known key", "remove it, or call accessors where it is called"}

// fieldsThrough lists the fields of the keys that reach a wrapper. All must be of one session, unless its callers name
// the session.
func (r *rewriter) fieldsThrough(s *site) ([]*field, *refusal) {
	no := &refusal{"the key is a parameter", "call accessors where this function is called, and remove it"}
	var list []*field
	several := r.isNamed(r.ownerOf(s))
	for _, other := range r.sites {
		if other.innermost() != s || len(other.keys) == 0 {
			continue
		}
		fields := slices.Clone(r.of[other])
		if several { // the calls with other names are in the report
			fields = slices.DeleteFunc(fields, func(d *field) bool { return !hasFixedName(d.session) })
		}
		if other.dynamic != "" || slices.ContainsFunc(fields, func(d *field) bool { return r.unusable(d) != nil || r.target[d] == nil }) {
			return nil, no
		}
		list = union(list, fields)
	}
	for _, d := range list {
		if r.target[d] != r.target[list[0]] && !several {
			return nil, &refusal{"the keys that arrive here belong to several sessions", "write a function for each session"}
		}
	}
	if len(list) == 0 {
		return nil, &noCall
	}
	return list, nil
}

// bridgeKey returns the key of a site as a string.
func (r *rewriter) bridgeKey(s *site) (string, *refusal) {
	if s.keyExpr.expr == nil {
		return strconv.Quote(defaultFlash), nil
	}
	t := typeOf(s.keyExpr)
	if types.IsInterface(t) && r.stringKeys(s) {
		return r.p.text(s.keyExpr.expr) + ".(string)", nil
	}
	b, ok := t.Underlying().(*types.Basic)
	if !ok || b.Info()&types.IsString == 0 {
		return "", &refusal{"the key is of type " + typeText(t), "make it a string"}
	}
	text := r.p.text(s.keyExpr.expr)
	if _, named := types.Unalias(t).(*types.Named); named {
		text = "string(" + text + ")"
	}
	return text, nil
}

// stringKeys reports whether all keys that reach a wrapper are plain strings.
func (r *rewriter) stringKeys(s *site) bool {
	return !slices.ContainsFunc(r.sites, func(other *site) bool {
		return other.innermost() == s && slices.ContainsFunc(other.keys, func(k key) bool { return k.typ != "" || !isString(typeOf(other.keyExpr)) })
	})
}

func isString(t types.Type) bool {
	b, ok := types.Unalias(t).(*types.Basic)
	return ok && b.Info()&types.IsString != 0
}

func union[T comparable](list, more []T) []T {
	for _, d := range more {
		if !slices.Contains(list, d) {
			list = append(list, d)
		}
	}
	return list
}

func (r *rewriter) bridge(t *target) *bridge {
	for _, b := range r.bridges {
		if b.target == t {
			return b
		}
	}
	b := &bridge{target: t}
	r.bridges = append(r.bridges, b)
	return b
}

// targetsAt returns the schemas whose sessions a use by key may be of.
func (r *rewriter) targetsAt(s *site, fields []*field) []*target {
	if r.isNamed(r.ownerOf(s)) {
		return r.namedTargets()
	}
	return []*target{r.target[fields[0]]}
}

// bridgeFile returns the file with the functions by key, and "" if there are none.
func (r *rewriter) bridgeFile() (name string, src []byte, err error) {
	if len(r.bridges) == 0 && r.named == nil {
		return "", nil, nil
	}
	var body strings.Builder
	imports := map[string]bool{}
	if r.named != nil {
		if r.named.called {
			imports["context"] = true
			r.named.source(&body, r.namedTargets())
		}
		r.named.union(&body, r.unite())
	}
	for _, b := range r.bridges {
		b.source(&body, func(t types.Type) string { return r.typeAtHome(t, imports) })
	}
	var head strings.Builder
	fmt.Fprintf(&head, "package %s\n\n// The functions in this file take %s.\n"+
		"// Remove them together with these functions.\n", r.home.name, r.bridgedNames())
	for _, path := range slices.Sorted(maps.Keys(imports)) {
		fmt.Fprintf(&head, "\nimport %q\n", path)
	}
	name = filepath.Join(r.home.dir, "session_bykey.go")
	src, err = format.Source([]byte(head.String() + body.String()))
	return name, src, err
}

const deprecated = "//\n// Deprecated: call the accessor of the key.\n"

func (b *bridge) source(w *strings.Builder, typeText func(types.Type) string) {
	s := "func (s *" + b.target.generated() + ") "
	// A key may arrive that no known call has, so each switch has all fields.
	cases := func(flash bool, body string) {
		for _, d := range b.target.fields {
			if d.flash != flash {
				continue
			}
			text := strings.ReplaceAll(body, "NAME", b.target.names[d])
			if before, ok := strings.CutSuffix(text, "(v)\n"); ok {
				text = d.given(before, typeText)
			}
			fmt.Fprintf(w, "\tcase %q:\n%s", d.key.name, text)
		}
	}
	const end, orPanic = "\t}\n", "\tdefault:\n\t\tpanic(\"no field has the key \" + key)\n\t}\n"
	if b.read {
		w.WriteString("\n// ByKey returns the value of a key, nil if there is none.\n" + deprecated + s +
			"ByKey(key string) any {\n\tv, _ := s.LookupByKey(key)\n\treturn v\n}\n")
		w.WriteString("\n// LookupByKey returns the value of a key, and whether there is one.\n" + deprecated + s +
			"LookupByKey(key string) (v any, ok bool) {\n\tswitch key {\n")
		cases(false, "\t\tif s.HasNAME() {\n\t\t\treturn s.GetNAME(), true\n\t\t}\n")
		w.WriteString(end + "\treturn nil, false\n}\n")
	}
	if b.look {
		w.WriteString("\n// HasByKey reports whether there is a value of a key.\n" + deprecated + s + "HasByKey(key string) bool {\n\tswitch key {\n")
		cases(false, "\t\treturn s.HasNAME()\n")
		w.WriteString(end + "\treturn false\n}\n")
	}
	if b.pop {
		w.WriteString("\n// PopByKey returns the value of a key and removes it, nil if there is none.\n" + deprecated + s + "PopByKey(key string) any {\n\tswitch key {\n")
		cases(false, "\t\tif v, ok := s.PopNAME(); ok {\n\t\t\treturn v\n\t\t}\n")
		w.WriteString(end + "\treturn nil\n}\n")
	}
	if b.write {
		w.WriteString("\n// SetByKey sets the value of a key. It panics if the value is of another type, or if no field has the key.\n" + deprecated + s +
			"SetByKey(key string, v any) {\n\tswitch key {\n")
		cases(false, "\t\ts.SetNAME(v)\n")
		w.WriteString(orPanic + "}\n")
	}
	if b.delete {
		w.WriteString("\n// ClearByKey removes the value of a key.\n" + deprecated + s + "ClearByKey(key string) {\n\tswitch key {\n")
		cases(false, "\t\ts.ClearNAME()\n")
		w.WriteString(end + "}\n")
	}
	if b.add {
		w.WriteString("\n// AddByKey adds to the messages of a key. It panics if the value is of another type, or if no field has the key.\n" + deprecated + s +
			"AddByKey(key string, v any) {\n\tswitch key {\n")
		cases(true, "\t\ts.AddNAME(v)\n")
		w.WriteString(orPanic + "}\n")
	}
	if b.take {
		w.WriteString("\n// TakeByKey returns the messages of a key, and removes them.\n" + deprecated + s +
			"TakeByKey(key string) []any {\n\tvar list []any\n\tswitch key {\n")
		cases(true, "\t\tfor _, m := range s.TakeNAME() {\n\t\t\tlist = append(list, m)\n\t\t}\n")
		w.WriteString(end + "\treturn list\n}\n")
	}
}
