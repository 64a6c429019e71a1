package migrate

import (
	"go/ast"
	"go/constant"
	"go/token"
	"slices"
	"strconv"
	"strings"
)

// A source is a call that makes a store or manager. A program with several has several kinds of sessions, even if all
// have one name: they must not silently become one.
type source struct {
	m    *maker
	call value // of the library or, if a function that makes one is called several times, of that function
	held map[place]bool
	kind *source // the first of those that certainly stand for the same sessions
	name string  // of a manager's sessions, "" if the program has no others
}

// sources lists those of the program without its tests, found once.
func (f *finder) sources() []*source {
	if f.allSources != nil {
		return f.allSources
	}
	f.allSources = []*source{}
	for _, m := range f.makers() {
		if !f.live(m.at) {
			continue
		}
		for _, call := range f.creations(m, m.at, 0) {
			s := &source{m: m, call: call, held: m.held}
			if call.expr != m.call {
				s.held = f.heldFrom(call)
			}
			s.kind = s
			f.allSources = append(f.allSources, s)
		}
	}
	for i, a := range f.allSources {
		for _, b := range f.allSources[:i] {
			if a.kind != b.kind && f.oneKind(a, b) {
				f.unite(a.kind, b.kind)
			}
		}
	}
	f.unitePrograms()
	f.nameManagers()
	return f.allSources
}

// unitePrograms treats the sessions of several programs of a module as one kind, if each program has one: a process
// runs only one program.
func (f *finder) unitePrograms() {
	of := map[string]*source{}
	for _, s := range f.allSources {
		if at := s.call.in; at.name != "main" || of[at.path] != nil && of[at.path] != s.kind {
			return
		}
		of[s.call.in.path] = s.kind
	}
	for _, s := range f.allSources {
		f.unite(s.kind, f.allSources[0].kind)
	}
}

func (f *finder) unite(from, to *source) {
	for _, s := range f.allSources {
		if s.kind == from {
			s.kind = to
		}
	}
}

// kindsAt lists the kinds of sessions that an expression for a store or manager may stand for.
func (f *finder) kindsAt(v value) []*source {
	var kinds []*source
	for _, s := range f.sources() {
		if f.comes(v, s.call, s.held) && !slices.Contains(kinds, s.kind) {
			kinds = append(kinds, s.kind)
		}
	}
	return kinds
}

// creations lists the calls that each make their own store or manager. If at is in a function that may be called
// several times and returns the store, those calls count. If it does not return the store, nothing tells its stores
// apart, and at is listed twice.
func (f *finder) creations(m *maker, at value, depth int) []value {
	fn := f.functionAround(at.expr)
	switch {
	case fn == nil || depth > 5 || f.isKeptByPackage(at):
		return []value{at}
	case f.inLoop(at.expr):
		return []value{at, at}
	case f.byOneObject(at, fn) || depth == 0 && f.ofRequests(m, fn):
		return []value{at}
	}
	calls := f.distinctCalls(m, fn)
	result := 0
	for result < fn.fn.Signature().Results().Len() && !m.held[place{fn.fn.Pos(), result}] {
		result++
	}
	var list []value
	for _, call := range calls {
		list = append(list, f.creations(m, value{call.expr, call.in, result}, depth+1)...)
	}
	switch {
	case len(list) <= 1:
		return []value{at}
	case result == fn.fn.Signature().Results().Len():
		return []value{at, at}
	}
	return list
}

// distinctCalls lists a function's calls that one process makes, without those that make the same store again.
func (f *finder) distinctCalls(m *maker, fn *function) []value {
	calls := f.liveCalls(fn)
	var list []value
	for _, call := range calls {
		same := func(other value) bool { return !m.managed() && f.sameAgain(call, other) }
		if !slices.ContainsFunc(list, same) {
			list = append(list, call)
		}
	}
	if len(list) > 1 && (f.ofOnePerProgram(calls) || f.inOneField(calls) || f.ofOneCommand(calls)) {
		return list[:1]
	}
	return list
}

// isKeptByPackage reports whether a value is assigned to a package variable, which holds one at a time.
func (f *flow) isKeptByPackage(v value) bool {
	assign, ok := f.outer(v.expr).(*ast.AssignStmt)
	if !ok || len(assign.Lhs) == 0 {
		return false
	}
	id := lastIdent(assign.Lhs[0])
	return id != nil && v.in.info.Uses[id] != nil && v.in.info.Uses[id].Parent() == v.in.info.Uses[id].Pkg().Scope()
}

// nameManagers names the sessions of each manager, if there are several: after the cookie or, without one, after the
// variable that holds it.
func (f *finder) nameManagers() {
	kinds := map[*source]int{}
	for _, s := range f.allSources {
		kinds[s.kind]++
	}
	if len(kinds) < 2 {
		return
	}
	taken := map[string]bool{}
	for _, s := range f.allSources {
		if s.kind != s || !s.m.managed() {
			continue
		}
		name := ""
		if c := (&rewriter{finder: f}).carry(s.m).given["Name"].constant(); c != nil && kinds[s] == 1 && s.call.expr == s.m.call {
			name = constant.StringVal(c)
		}
		if name == "" || taken[name] {
			name = f.keptAs(s.call)
		}
		base := name
		for n := 2; taken[name]; n++ {
			name = base + strconv.Itoa(n)
		}
		taken[name], s.name = true, name
	}
}

// keptAs is the name of a manager's sessions after the variable or field that holds it.
func (f *flow) keptAs(v value) string {
	var id *ast.Ident
	switch n := f.outer(v.expr).(type) {
	case *ast.AssignStmt:
		id = lastIdent(n.Lhs[indexOf(n.Rhs, v.expr)%len(n.Lhs)])
	case *ast.ValueSpec:
		id = n.Names[indexOf(n.Values, v.expr)%len(n.Names)]
	case *ast.KeyValueExpr:
		id = lastIdent(n.Key)
	}
	if id == nil || len(id.Name) < 3 {
		return "session"
	}
	name := id.Name
	for _, suffix := range []string{"Manager", "Sessions", "Session"} {
		name = strings.TrimSuffix(name, suffix)
	}
	if name == "" || token.IsKeyword(name) {
		return "session"
	}
	return name
}

// indexOf is the index of an expression in a list, 0 if it is not in it.
func indexOf(list []ast.Expr, e ast.Expr) int {
	return max(0, slices.IndexFunc(list, func(other ast.Expr) bool { return ast.Unparen(other) == ast.Unparen(e) }))
}

func lastIdent(e ast.Expr) *ast.Ident {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		return e
	case *ast.SelectorExpr:
		return e.Sel
	}
	return nil
}
