package migrate

import (
	"bytes"
	"go/ast"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A wiring makes the new managers where the program made its old stores, and puts them around its handlers. It is done
// completely or, if any part is impossible, not at all.
type wiring struct {
	r       *rewriter
	makers  []*maker
	handed  []handedOn
	ginName value // the cookie's name in gin's middleware
	recipes []*recipe
	changes []*change
	files   map[string][]byte
	imports []fileImport
}

// A fileImport is a package that a file will import.
type fileImport struct {
	file *ast.File
	path string
}

// handedOn is a library's middleware that is passed on without a call.
type handedOn struct {
	value
	lib *library
}

const (
	ginAdapter   = runtimePath + "/ginsession"
	echoAdapter  = runtimePath + "/echosession"
	echo5Adapter = runtimePath + "/echo5session"
)

func newWiring(r *rewriter) *wiring {
	w := &wiring{r: r, makers: r.makers(), files: map[string][]byte{}}
	w.handed = w.handedOn()
	for _, s := range r.sites {
		if call, ok := s.at.expr.(*ast.CallExpr); ok && s.lib == gin && s.verb == middlewareVerb && !s.at.in.tests && callee(s.at.in, call).Name() == "Sessions" {
			w.ginName = value{call.Args[0], s.at.in, whole}
		}
	}
	return w
}

// wire plans the wiring, once the uses of the sessions are settled.
func (d *draft) wire() {
	w := newWiring(d.r)
	if why := d.attempt(w); why != nil {
		w.reportManagers(*why)
		w.reportUnmade(*why)
		return
	}
	for _, rec := range w.recipes {
		if rec.m.at.in.tests {
			continue
		}
		for _, note := range rec.notes {
			d.r.changes = append(d.r.changes, &change{at: rec.m.at, note: note})
		}
	}
}

// plan plans all changes.
func (w *wiring) plan() *refusal {
	made := slices.DeleteFunc(slices.Clone(w.makers), func(m *maker) bool { return m.at.in.tests })
	if len(w.r.storeLiterals()) > 0 {
		return &refusal{"a store is a literal, and no function makes it", ""}
	}
	if len(made) == 0 {
		return &refusal{"it is not known where the old sessions are made", ""}
	}
	if why := w.assign(made); why != nil {
		return why
	}
	if why := w.oneCookie(made); why != nil {
		return why
	}
	for _, m := range w.makers {
		if why := w.maker(m); why != nil {
			return why
		}
	}
	w.types()
	w.interfaces()
	w.loads()
	if why := w.required(); why != nil {
		return why
	}
	if why := w.middlewares(); why != nil {
		return why
	}
	if why := w.serve(slices.DeleteFunc(made, func(m *maker) bool { return !w.bare(m) })); why != nil {
		return why
	}
	return w.write()
}

// required refuses a program whose module does not require all modules that the wiring needs.
func (w *wiring) required() *refusal {
	var missing []string
	need := func(path string) {
		if path != "" && w.r.p.checked[path] == nil && !slices.Contains(missing, path) {
			missing = append(missing, path)
		}
	}
	for _, rec := range w.recipes {
		if rec.client != "" {
			need(redisStore)
		}
		for _, path := range slices.Sorted(maps.Keys(rec.imports)) {
			if isRuntime(path) {
				need(path)
			}
		}
	}
	for _, s := range w.r.sites {
		if s.verb == middlewareVerb && !s.lib.managed {
			need(w.adapter(s.lib))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if vendor := filepath.Join(w.r.p.module.Dir, "vendor", "modules.txt"); exists(vendor) {
		return &refusal{"the folder vendor does not have " + strings.Join(missing, " and "),
			"run go get " + strings.Join(missing, " ") + ", then sessiongen migrate with -mod=readonly in GOFLAGS, and go mod vendor afterwards"}
	}
	return &refusal{"the module does not require " + strings.Join(missing, " and "), "run go get " + strings.Join(missing, " ")}
}

// assign finds the maker of each schema's sessions.
func (w *wiring) assign(made []*maker) *refusal {
	all := len(made) == 1 || w.interchangeable(made)
	for _, m := range w.makers {
		if all || m.at.in.tests {
			m.serve = w.r.targets
		}
	}
	for _, t := range w.r.targets {
		if all {
			break
		}
		m := w.makerOf(made, t)
		if m == nil {
			return &refusal{"the program makes several stores, and it is not known which sessions are of which", ""}
		}
		m.serve = append(m.serve, t)
	}
	for _, m := range w.makers {
		if len(m.serve) == 0 {
			return &refusal{"no known session comes from it", ""}
		}
	}
	return nil
}

// interchangeable reports whether each of several stores may hold all sessions, as when the configuration chooses one:
// sessions come from a middleware, and all have one name.
func (w *wiring) interchangeable(made []*maker) bool {
	if len(made) < 2 || w.plain() || w.severalKinds() {
		return false
	}
	names := map[string]bool{}
	for _, m := range made {
		name := ""
		if v := w.r.carry(m).given["Name"]; v.expr != nil {
			name = w.r.p.text(v.expr)
		}
		names[name] = true
	}
	return len(names) == 1
}

// severalKinds reports whether stores or managers of the program hold different sessions.
func (w *wiring) severalKinds() bool {
	all := w.r.sources()
	return slices.ContainsFunc(all, func(s *source) bool { return s.kind != all[0].kind })
}

// oneCookie refuses managers that share a cookie for different sessions.
func (w *wiring) oneCookie(made []*maker) *refusal {
	of := map[string]*target{}
	for _, m := range made {
		name := strconv.Quote("session")
		if v := w.r.carry(m).given["Name"]; v.expr != nil {
			name = w.r.p.text(v.expr)
		}
		if !m.managed() {
			continue
		}
		if t := of[name]; t != nil && t != m.serve[0] {
			return &refusal{"another manager has the cookie " + name + ", too", "give each a Name of its own"}
		}
		of[name] = m.serve[0]
	}
	return nil
}

// makerOf is the maker of the store that holds a schema's sessions, nil if that is not certain.
func (w *wiring) makerOf(made []*maker, t *target) *maker {
	if m, ok := w.managerOf(t); ok {
		return m
	}
	var found *maker
	certain := true
	w.r.eachCall(func(u *unit, call *ast.CallExpr) {
		for _, of := range w.r.namedStores(u, call) {
			if of.name != t.session || u.tests {
				continue
			}
			m := w.storeAsked(made, u, call, of.store)
			certain = certain && m != nil && (found == nil || found == m)
			found = m
		}
	})
	if !certain {
		return nil
	}
	return found
}

// storeAsked returns the maker of the store that a call gets a session from, or nil if that is not certain: the store
// whose method it is, or the store of the library's middleware.
func (w *wiring) storeAsked(made []*maker, u *unit, call *ast.CallExpr, store value) *maker {
	lib, _ := operation(callee(u, call))
	if a, _ := w.r.acquisitionOf(u, call); lib != nil && callee(u, call).Signature().Recv() == nil && !a.store {
		return w.storeOfMiddleware(lib)
	}
	p, ok := w.r.placeAt(store.in, store.expr)
	if i := slices.IndexFunc(made, func(m *maker) bool { return ok && m.held[p] }); i >= 0 {
		return made[i]
	}
	return nil
}

// storeOfMiddleware returns the maker of the store that a library's middlewares have, or nil if they have several, or
// none that is known.
func (w *wiring) storeOfMiddleware(l *library) *maker {
	var stores []*maker
	for _, s := range w.r.sites {
		if s.verb != middlewareVerb || s.at.in.tests || s.lib != l {
			continue
		}
		of := w.storesOf(s)
		if len(of) == 0 {
			return nil
		}
		stores = append(stores, of...)
	}
	if stores = slices.Compact(stores); len(stores) != 1 {
		return nil
	}
	return stores[0]
}

// managerOf is the maker of a schema's manager, nil if there are several. ok is false if there is none.
func (w *wiring) managerOf(t *target) (m *maker, ok bool) {
	for _, s := range w.r.sources() {
		if s.kind.name == "" || s.kind.name != t.session {
			continue
		}
		if ok || s.call.expr != s.m.call {
			return nil, true
		}
		m, ok = s.m, true
	}
	return m, ok
}

// maker plans the function that replaces a maker, and the call of it.
func (w *wiring) maker(m *maker) *refusal {
	u := m.at.in
	if !m.known {
		fix := ""
		if !w.r.until.IsZero() {
			fix = "records has the old sessions, with the methods of legacy.Records"
		}
		return &refusal{"there is no rule for the store that " + m.fn.Pkg().Name() + "." + m.fn.Name() + " makes", fix}
	}
	if w.r.home.path != u.path && w.reaches(w.r.home.path, u.path) {
		return &refusal{"package " + w.r.home.name + " imports package " + u.name, "choose another package for the schemas with -package"}
	}
	rec := &recipe{carried: w.r.carry(m), imports: map[string]string{}, name: w.functionName(m)}
	if why := rec.write(); why != nil {
		return why
	}
	names := map[*target]string{}
	for _, t := range m.serve {
		names[t] = w.cookieName(m, t, rec)
	}
	if w.r.home.path == u.path && len(m.serve) > 1 && w.r.identifiers()["SessionManagers"] {
		return &refusal{"the name SessionManagers is taken", ""}
	}
	if v := rec.unseen(); v != "" {
		return &refusal{"its option " + v + " is not known yet where it is made", ""}
	}
	if why := rec.unknownName(); why != nil {
		return why
	}
	src, why := w.sourceOf(rec, names)
	if why != nil {
		return why
	}
	if src != nil {
		w.files[w.fileName(m)] = src
	}
	w.recipes = append(w.recipes, rec)
	w.change(m.at, w.r.p.replace(m.call, rec.name+"("+rec.args()+")"))
	for _, n := range w.r.withEmptied(rec.stmts) {
		w.change(m.at, w.r.p.remove(n))
	}
	return nil
}

// sourceOf is the file with a maker's function. It is nil if another maker of the package has the same function: rec
// then takes its name. The tests of a package may each make the same store.
func (w *wiring) sourceOf(rec *recipe, names map[*target]string) ([]byte, *refusal) {
	src, why := rec.source(names)
	if why != nil {
		return nil, why
	}
	for _, other := range w.recipes {
		if other.m.at.in == rec.m.at.in && bytes.Equal(src, bytes.ReplaceAll(other.src, []byte(other.name), []byte(rec.name))) {
			rec.name = other.name
			return nil, nil
		}
	}
	rec.src = src
	return src, nil
}

// withEmptied lists statements to remove. A function init that would become empty is removed too.
func (r *rewriter) withEmptied(stmts []ast.Stmt) []ast.Node {
	gone := map[ast.Node]int{}
	for _, stmt := range stmts {
		gone[r.parents[stmt]]++
	}
	var list []ast.Node
	for _, stmt := range stmts {
		block, _ := r.parents[stmt].(*ast.BlockStmt)
		fn, ok := r.parents[block].(*ast.FuncDecl)
		switch {
		case !ok || fn.Recv != nil || fn.Name.Name != "init" || len(block.List) > gone[block]:
			list = append(list, stmt)
		case !slices.Contains(list, ast.Node(fn)):
			list = append(list, fn)
		}
	}
	return list
}

// change plans edits, once if several makers need the same.
func (w *wiring) change(at value, edits ...edit) {
	if slices.ContainsFunc(w.changes, func(c *change) bool { return slices.Equal(c.edits, edits) }) {
		return
	}
	w.changes = append(w.changes, &change{at: at, edits: edits, wiring: true})
}

// reaches reports whether a package imports another.
func (w *wiring) reaches(from, to string) bool {
	l := w.r.p.listed[from]
	return l != nil && slices.Contains(l.Deps, to)
}

// unseen returns an argument that is unknown in the maker's place, or "" if there is none.
func (rec *recipe) unseen() string {
	for _, p := range rec.params {
		for _, name := range slices.Sorted(maps.Keys(rec.given)) {
			v := rec.given[name]
			if rec.r.p.text(v.expr) == p.arg && !rec.sees(v) {
				return name
			}
		}
	}
	return ""
}

// unknownName says why a cookie's name is not known where the store is made.
func (rec *recipe) unknownName() *refusal {
	early := rec.r.enclosingStmt(rec.m.call) == nil
	for _, v := range rec.names {
		if _, ok := rec.movable(v); !ok && !rec.sees(v) || early && !isGetenv(v) {
			return &refusal{"the name of its sessions is not known yet where it is made", ""}
		}
	}
	return nil
}

// isGetenv reports whether a value comes from the environment, which is set before the program begins.
func isGetenv(v value) bool {
	call, ok := ast.Unparen(v.expr).(*ast.CallExpr)
	if !ok {
		return false
	}
	fn := callee(v.in, call)
	return fn != nil && fn.FullName() == "os.Getenv"
}

// sees reports whether every name in an expression is known in the maker's place.
func (rec *recipe) sees(v value) bool {
	at := rec.m.call.Pos()
	scope := rec.m.at.in.types.Scope().Innermost(at)
	ok := scope != nil
	ast.Inspect(v.expr, func(n ast.Node) bool {
		id, isIdent := n.(*ast.Ident)
		if !isIdent || !ok {
			return true
		}
		obj := v.in.info.Uses[id]
		if obj == nil || obj.Parent() == nil || rec.qualified(id) {
			return true
		}
		_, seen := scope.LookupParent(id.Name, at)
		ok = seen == obj || sameObject(seen, obj)
		return true
	})
	return ok
}

// sameObject reports whether two objects are the same, in a package that is checked twice.
func sameObject(a, b types.Object) bool {
	return a != nil && b != nil && a.Pos() == b.Pos() && a.Pos().IsValid()
}

// functionName is a name for the function that is free in the package.
func (w *wiring) functionName(m *maker) string {
	names := []string{"newSessions", "newSiteSessions", "newWebSessions"}
	if len(m.serve) == 1 && len(w.r.targets) > 1 {
		names = append([]string{"new" + m.serve[0].generated() + "s"}, names...)
	}
	if m.at.in.tests {
		names = []string{"newTestSessions", "newSessionsForTests"}
	}
	taken := func(name string) bool {
		return m.at.in.types.Scope().Lookup(name) != nil || slices.ContainsFunc(w.recipes, func(rec *recipe) bool {
			return rec.name == name && rec.m.at.in.dir == m.at.in.dir
		})
	}
	for _, name := range names {
		if !taken(name) {
			return name
		}
	}
	n := 2
	for taken(names[0] + strconv.Itoa(n)) {
		n++
	}
	return names[0] + strconv.Itoa(n)
}

// fileName is the name of the file with a maker's function.
func (w *wiring) fileName(m *maker) string {
	suffix := ".go"
	if m.at.in.tests {
		suffix = "_test.go"
	}
	names := []string{"session_manager", "sessions_manager", "session_managers_made"}
	for n := 2; ; n++ {
		for _, name := range names {
			path := filepath.Join(m.at.in.dir, name+suffix)
			if _, err := os.Stat(path); err != nil && w.files[path] == nil {
				return path
			}
		}
		names = []string{"session_manager" + strconv.Itoa(n)}
	}
}

// types changes the types of everything that holds a store.
func (w *wiring) types() {
	for _, u := range w.r.p.units {
		for _, file := range u.files {
			ast.Inspect(file, func(n ast.Node) bool {
				if sel, ok := n.(*ast.SelectorExpr); ok {
					w.typeExpr(u, sel)
				}
				return true
			})
		}
	}
}

func (w *wiring) typeExpr(u *unit, n *ast.SelectorExpr) {
	tv := w.r.p.typeAt(u, n)
	if tv == nil || !isStoreOfLibrary(tv, u) || w.r.inStore(value{n, u, whole}) {
		return
	}
	var all ast.Expr = n
	if star, ok := w.r.parents[n].(*ast.StarExpr); ok {
		all = star
	}
	m := w.heldIn(all)
	if m == nil {
		return
	}
	text := w.r.qualify(u, n, w.r.managerType(m))
	if !w.r.isDeclared(u, all) {
		text = "*" + text
	}
	w.change(value{n, u, whole}, w.r.p.replace(all, text))
}

// typeAt is the type that an expression names, nil if it names none.
func (p *program) typeAt(u *unit, e ast.Expr) types.Type {
	if tv := u.info.Types[e]; tv.IsType() {
		return tv.Type
	}
	return nil
}

// isStoreOfLibrary reports whether a type is a store that the program does not declare itself.
func isStoreOfLibrary(t types.Type, u *unit) bool {
	named := namedOf(t)
	if named == nil || named.Obj().Pkg() == nil {
		return false
	}
	if u.listed != nil && strings.HasPrefix(named.Obj().Pkg().Path()+"/", modulePath(u)+"/") {
		return false
	}
	if !types.IsInterface(t) {
		t = types.NewPointer(t)
	}
	return isStore(t, named.Obj().Pkg())
}

// heldIn is the maker whose store a type holds: the only one, or the one that reaches the declared variable.
func (w *wiring) heldIn(t ast.Expr) *maker {
	var made []*maker
	for _, m := range w.makers {
		if !m.at.in.tests {
			made = append(made, m)
		}
	}
	if len(made) == 1 || w.interchangeable(made) {
		return made[0]
	}
	places := w.r.placesOfType(t)
	for _, m := range made {
		if slices.ContainsFunc(places, func(p place) bool { return m.held[p] }) {
			return m
		}
	}
	return nil
}

// write writes the imports, and the file with the type for several managers.
func (w *wiring) write() *refusal {
	for _, m := range w.makers {
		if len(m.serve) > 1 {
			w.files[filepath.Join(w.r.home.dir, "session_managers.go")] = managersSource(w.r.home, w.r.targets)
		}
	}
	return nil
}

// need makes a file import a package.
func (w *wiring) need(u *unit, at ast.Node, path string) {
	for _, f := range u.files {
		if at.Pos() < f.FileStart || at.Pos() >= f.FileEnd {
			continue
		}
		if i := (fileImport{f, path}); !slices.Contains(w.imports, i) {
			w.imports = append(w.imports, i)
		}
	}
}

// managersSource is the file with the type that holds several managers.
func managersSource(h *home, targets []*target) []byte {
	var b strings.Builder
	b.WriteString("package " + h.name + "\n\nimport \"net/http\"\n\n// SessionManagers are those of the site's sessions.\ntype SessionManagers struct {\n")
	calls := "next"
	for _, t := range targets {
		b.WriteString("\t" + t.managerField() + " *" + t.generated() + "Manager\n")
	}
	for i := len(targets) - 1; i >= 0; i-- {
		calls = "m." + targets[i].managerField() + ".Handler(" + calls + ")"
	}
	b.WriteString("}\n\n// Handler returns next with all of the sessions around it.\nfunc (m *SessionManagers) Handler(next http.Handler) http.Handler {\n\treturn " + calls + "\n}\n")
	return formatted(b.String())
}
