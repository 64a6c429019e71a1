package migrate

import (
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"
)

// handles plans changes of code that holds sessions: the types of variables, and the calls that get a session.
func (r *rewriter) handles(u *unit, file *ast.File) {
	ast.Inspect(file, func(n ast.Node) bool {
		if decl, ok := n.(*ast.FuncDecl); ok && (r.inStore(value{decl.Name, u, whole}) || r.inGetter(decl.Name)) {
			return false
		}
		switch n := n.(type) {
		case *ast.SelectorExpr:
			r.selector(u, n)
		case *ast.CallExpr:
			r.acquire(u, n)
			r.emptied(u, n)
		case *ast.AssignStmt:
			r.assignment(u, n)
		case *ast.BinaryExpr:
			r.askedOptions(u, n)
		case *ast.StarExpr:
			if l := sessionType(u.info.TypeOf(n)); l == gorilla && u.info.Types[n].IsValue() && !r.isTarget(n) {
				r.pointed(u, n, n.X)
			}
		case *ast.UnaryExpr:
			if l := sessionType(u.info.TypeOf(n.X)); l == gorilla && n.Op == token.AND && isName(n.X) {
				r.pointed(u, n, n.X)
			}
		}
		return true
	})
}

// pointed keeps a session a pointer where the program dereferences it or takes its address: accessors are methods of a
// pointer, and a copy shared the same values.
func (r *rewriter) pointed(u *unit, n, session ast.Expr) {
	r.changes = append(r.changes, &change{at: value{n, u, whole}, fixed: true, edits: []edit{r.p.replaceRange(n.Pos(), session.Pos(), "")}})
}

func isName(e ast.Expr) bool {
	switch ast.Unparen(e).(type) {
	case *ast.Ident, *ast.SelectorExpr:
		return true
	}
	return false
}

// emptied replaces clear(session.Values).
func (r *rewriter) emptied(u *unit, call *ast.CallExpr) {
	id, ok := ast.Unparen(call.Fun).(*ast.Ident)
	if !ok || len(call.Args) != 1 || u.info.Uses[id] != types.Universe.Lookup("clear") || !selectsValues(value{call.Args[0], u, whole}) {
		return
	}
	session := ast.Unparen(call.Args[0]).(*ast.SelectorExpr).X
	r.changes = append(r.changes, &change{at: value{call, u, whole}, edits: []edit{
		r.p.replaceRange(call.Pos(), session.Pos(), ""), r.p.replaceRange(session.End(), call.End(), ".Clear()"),
	}})
}

// sessionType is the library whose session type this is.
func sessionType(t types.Type) *library {
	named, ok := types.Unalias(t).(*types.Named)
	if !ok || named.Obj().Pkg() == nil {
		return nil
	}
	l := libraryOf(named.Obj().Pkg().Path())
	if l == nil || l.managed || !l.rewrite || !l.types[named.Obj().Name()] {
		return nil
	}
	return l
}

// selector plans changes of types, and of fields that have become methods.
func (r *rewriter) selector(u *unit, n *ast.SelectorExpr) {
	if tv := u.info.Types[n]; tv.IsType() {
		if l := sessionType(tv.Type); l != nil {
			r.typeExpr(u, n, l)
		}
		return
	}
	if fn, ok := u.info.Uses[n.Sel].(*types.Func); ok {
		r.methodValue(u, n, fn)
		return
	}
	v, ok := u.info.Uses[n.Sel].(*types.Var)
	if !ok || !v.IsField() || v.Pkg() == nil || libraryOf(v.Pkg().Path()) != gorilla {
		return
	}
	named := namedOf(u.info.TypeOf(n.X))
	if named == nil || named.Obj().Name() != "Session" || len(r.targets) == 0 {
		return
	}
	switch v.Name() {
	case "IsNew", "ID":
		if r.isTarget(n) {
			if v.Name() == "ID" {
				r.leave(value{n, u, whole}, "an assignment to ID", refusal{"the session has it by itself", "remove it"})
			}
			return
		}
		r.changes = append(r.changes, &change{at: value{n, u, whole}, edits: []edit{r.p.replaceRange(n.End(), n.End(), "()")}})
	}
}

// methodValue reports a method of a library that is passed on without a call.
func (r *rewriter) methodValue(u *unit, n *ast.SelectorExpr, fn *types.Func) {
	if call, ok := r.outer(n).(*ast.CallExpr); ok && ast.Unparen(call.Fun) == n {
		return
	}
	lib, name := operation(fn)
	if lib == nil {
		return
	}
	m, ok := lib.methods[name]
	if !ok {
		return
	}
	s := &site{lib: lib, verb: m.verb}
	if m.verb == middlewareVerb { // the wiring replaces it
		return
	}
	r.leave(value{n, u, whole}, s.what(), refusal{"the method is handed on", "hand on a function that calls the accessor"})
}

// typeExpr replaces a type. The values that reach it show which session it means.
func (r *rewriter) typeExpr(u *unit, n *ast.SelectorExpr, l *library) {
	var typ ast.Expr = n
	if star, ok := r.parents[n].(*ast.StarExpr); ok {
		typ = star
	} else if lit, ok := r.parents[n].(*ast.CompositeLit); ok && l == gorilla {
		r.leave(value{n, u, whole}, "a session", refusal{"it is made by hand", r.handmade(u, lit)})
		return
	}
	r.sessionInPlaceOf(typ, value{n, u, whole})
}

// sessionInPlaceOf replaces a type by the generated one. The report, if any, names at.
func (r *rewriter) sessionInPlaceOf(typ ast.Expr, at value) {
	t := r.targetOfType(at.in, typ)
	if t == nil {
		r.leave(at, "a variable for sessions", refusal{"it is not known which session is meant", "name the type by hand"})
		return
	}
	text := r.typeOfSession(at.in, at.expr, t)
	if r.isDeclared(at.in, typ) {
		text = strings.TrimPrefix(text, "*")
	}
	r.changes = append(r.changes, &change{at: at, fixed: true, edits: []edit{r.p.replace(typ, text)}})
}

// isDeclared reports whether a declaration gives a struct type another name. Pointers to that name are in the program, so
// that the declaration has none.
func (r *rewriter) isDeclared(u *unit, typ ast.Expr) bool {
	spec, ok := r.parents[typ].(*ast.TypeSpec)
	if !ok || spec.Type != typ {
		return false
	}
	_, ok = u.info.TypeOf(typ).Underlying().(*types.Struct)
	return ok
}

// targetOfType is the schema of the sessions that a type stands for.
func (r *rewriter) targetOfType(u *unit, t ast.Expr) *target {
	for _, p := range r.placesOfType(t) {
		if _, isParam := r.params[p]; isParam && r.passedSeveral(p) || slices.ContainsFunc(r.into[p], r.isNamed) {
			return r.namedSessions().session
		}
	}
	if only := r.only(); only != nil {
		return only
	}
	if n, ok := r.parents[t].(*ast.TypeAssertExpr); ok {
		return r.targetByUse(value{n, u, whole})
	}
	for _, p := range r.placesOfType(t) {
		for _, from := range r.into[p] {
			if t := r.targetOf(from); t != nil {
				return t
			}
		}
		for _, use := range r.uses[p] {
			if t := r.targetAt(use); t != nil {
				return t
			}
		}
	}
	return nil
}

func (f *flow) resultPlaces(field *ast.Field) []place {
	list, ok := f.parents[field].(*ast.FieldList)
	if !ok {
		return nil
	}
	ft, ok := f.parents[list].(*ast.FuncType)
	if !ok || ft.Results != list {
		return nil
	}
	decl, ok := f.parents[ft].(*ast.FuncDecl)
	if !ok {
		return nil
	}
	return []place{{decl.Name.Pos(), slices.Index(list.List, field)}}
}

// targetOf is the schema of a session.
func (r *rewriter) targetOf(v value) *target {
	if only := r.only(); only != nil {
		return only
	}
	for _, l := range r.origins(v, false) {
		if call, ok := ast.Unparen(l.expr).(*ast.CallExpr); ok {
			if _, ok := r.nameOf(l.in, call); ok {
				return r.targetOfCall(l.in, call)
			}
		}
	}
	return nil
}

// targetOfCall is the schema of the sessions that a call returns, nil if it is not certain. Tests may use names of
// their own.
func (r *rewriter) targetOfCall(u *unit, call *ast.CallExpr) *target {
	name, ok := r.nameOf(u, call)
	if ok && r.isShared(u, call, name) {
		return nil
	}
	t := r.targetNamed(name)
	if t == nil && (name == "" || u.tests) {
		return r.only()
	}
	return t
}

// only is the schema of all of the program's sessions, nil if it has several kinds, even if just one gets a schema.
func (r *rewriter) only() *target {
	if len(r.targets) == 1 && r.kinds <= 1 {
		return r.targets[0]
	}
	return nil
}

func (r *rewriter) targetNamed(name string) *target {
	for _, t := range r.targets {
		if t.session == name {
			return t
		}
	}
	return nil
}

// targetByUse is the schema of a variable that gets a session, by the keys that are used with it.
func (r *rewriter) targetByUse(v value) *target {
	assign, ok := r.outer(v.expr).(*ast.AssignStmt)
	if !ok {
		return nil
	}
	p, ok := r.placeAt(v.in, assign.Lhs[0])
	if !ok {
		return nil
	}
	for _, use := range r.uses[p] {
		if t := r.targetAt(use); t != nil {
			return t
		}
	}
	return nil
}

// targetAt returns the schema of the site whose session is an expression.
func (r *rewriter) targetAt(use value) *target {
	for _, s := range r.sites {
		if s.session.expr == nil || len(r.of[s]) == 0 {
			continue
		}
		e := ast.Unparen(s.session.expr)
		if sel, ok := e.(*ast.SelectorExpr); ok && e != use.expr {
			e = ast.Unparen(sel.X)
		}
		if t := r.target[r.of[s][0]]; e == use.expr && slices.Contains(r.targets, t) { // else its keys are left
			return t
		}
	}
	return nil
}

// acquire replaces a call that gets a session.
func (r *rewriter) acquire(u *unit, call *ast.CallExpr) {
	a, ok := r.acquisitionOf(u, call)
	if lib, _ := operation(callee(u, call)); !ok || lib != nil && !lib.rewrite || len(r.targets) == 0 {
		return
	}
	v := value{call, u, whole}
	planned := len(r.changes)
	defer func() {
		if fn := callee(u, call); len(r.changes) == planned {
			r.kept[fn.Pos()] = true
		}
	}()
	if a.stays() || a.request < 0 && r.fresh(u, call, a) {
		return
	}
	from := ""
	if request := requestOf(u, call, a); request != nil {
		from = r.sessionOfCall(u, call, a, r.context(u, request))
	}
	if from == "" {
		r.leave(v, "a session", refusal{"none of its keys has a field, or there is no request", "call the From function of the right schema"})
		return
	}
	c := &change{at: v, fixed: true}
	if !a.err {
		c.edits = []edit{r.p.replace(call, from)}
	} else if why := r.acquireWithError(c, u, call, from); why != nil {
		r.leave(v, "a session", *why)
		return
	}
	r.changes = append(r.changes, c)
}

// requestOf is the argument of a call that gets a session, or of the call that gets its registry, which the context
// comes from, or nil.
func requestOf(u *unit, call *ast.CallExpr, a acquisition) ast.Expr {
	if a.request >= 0 && a.request < len(call.Args) {
		return call.Args[a.request]
	}
	sel, _ := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if sel == nil {
		return nil
	}
	registry, _ := ast.Unparen(sel.X).(*ast.CallExpr)
	if registry == nil || len(registry.Args) != 1 || !isRequest(u.info.TypeOf(registry.Args[0])) {
		return nil
	}
	return registry.Args[0]
}

// fresh replaces a call that always gets an empty session: it becomes the session of the request, cleared. It reports
// whether a request is in scope.
func (r *rewriter) fresh(u *unit, call *ast.CallExpr, a acquisition) bool {
	assign, ok := r.outer(call).(*ast.AssignStmt)
	if !ok || len(assign.Lhs) != 1 || !r.inBlock(assign) {
		return false
	}
	ctx := r.contextInScope(u, call)
	if ctx == "" {
		return false
	}
	from := r.sessionOfCall(u, call, a, ctx)
	if from == "" {
		return false
	}
	c := &change{at: value{call, u, whole}, fixed: true, edits: []edit{r.p.replace(call, from)}}
	if !r.replacedNext(u, assign) {
		c.edits = append(c.edits, r.p.replaceRange(assign.End(), assign.End(), "\n"+r.p.text(assign.Lhs[0])+".Clear()"))
	}
	r.changes = append(r.changes, c)
	return true
}

// replacedNext reports whether the statement after the one that gets a session replaces all of its values.
func (r *rewriter) replacedNext(u *unit, assign *ast.AssignStmt) bool {
	list := r.list(assign)
	i := slices.Index(list, ast.Stmt(assign)) + 1
	if i == 0 || i == len(list) {
		return false
	}
	next, ok := list[i].(*ast.AssignStmt)
	if !ok {
		return false
	}
	session, field := assignedField(u, next)
	return field == "Values" && r.p.text(session) == r.p.text(assign.Lhs[0])
}

// contextInScope is the expression for the context of the request that is in scope at a node, "" if there is none.
func (r *rewriter) contextInScope(u *unit, at ast.Node) string {
	for scope := u.types.Scope().Innermost(at.Pos()); scope != nil && scope != u.types.Scope(); scope = scope.Parent() {
		for _, name := range scope.Names() {
			v, ok := scope.Lookup(name).(*types.Var)
			if ok && v.Pos() < at.Pos() && isRequest(v.Type()) {
				return name + ".Context()"
			}
		}
	}
	return ""
}

func isRequest(t types.Type) bool {
	named := namedOf(t)
	return named != nil && named.Obj().Name() == "Request" && named.Obj().Pkg() != nil && named.Obj().Pkg().Path() == "net/http"
}

// context is the expression for the context of a request, or of the value that a framework passes to handlers.
func (r *rewriter) context(u *unit, e ast.Expr) string {
	text := r.p.text(e)
	named := namedOf(u.info.TypeOf(e))
	if named == nil || named.Obj().Pkg() == nil {
		return text + ".Context()"
	}
	switch p := named.Obj().Pkg().Path(); {
	case strings.Contains(p, "gin-gonic/gin"):
		return text + ".Request.Context()"
	case strings.Contains(p, "labstack/echo"):
		return text + ".Request().Context()"
	}
	if m, _, _ := types.LookupFieldOrMethod(u.info.TypeOf(e), true, u.types, "Request"); m != nil {
		if _, ok := m.(*types.Func); ok {
			return text + ".Request().Context()"
		}
		return text + ".Request.Context()"
	}
	return text + ".Context()"
}

// acquireWithError replaces a call that also returned an error: there is none any more.
func (r *rewriter) acquireWithError(c *change, u *unit, call *ast.CallExpr, from string) *refusal {
	switch n := r.outer(call).(type) {
	case *ast.ReturnStmt:
		if len(n.Results) == 1 {
			c.edits = []edit{r.p.replace(call, from+", nil")}
			return nil
		}
	case *ast.AssignStmt:
		if len(n.Lhs) == 2 && len(n.Rhs) == 1 {
			return r.acquireInto(c, u, n, call, from)
		}
	}
	return &refusal{"the session and its error are used at once", "use " + from}
}

func (r *rewriter) acquireInto(c *change, u *unit, n *ast.AssignStmt, call *ast.CallExpr, from string) *refusal {
	c.edits = append(c.edits, r.p.replace(call, from))
	errID, ok := n.Lhs[1].(*ast.Ident)
	if isBlank(n.Lhs[1]) {
		c.edits = append(c.edits, r.p.replaceRange(n.Lhs[0].End(), n.Lhs[1].End(), ""))
		return nil
	}
	if !ok {
		return &refusal{"the error is kept", "use " + from}
	}
	obj := u.info.ObjectOf(errID)
	if !r.inBlock(n) {
		return r.acquireInIf(c, u, n, obj, from)
	}
	branch := r.branch(u, n, obj)
	if u.info.Defs[errID] != nil && isBlank(n.Lhs[0]) {
		r.onlyError(c, u, n, obj, branch)
		return nil
	}
	if n.Tok == token.DEFINE && !isNew(u, n.Lhs[0]) && !isBlank(n.Lhs[0]) { // it declared only the error
		c.edits = append(c.edits, r.p.replaceRange(n.Lhs[0].End(), n.TokPos+2, " ="))
	} else {
		c.edits = append(c.edits, r.p.replaceRange(n.Lhs[0].End(), n.Lhs[1].End(), ""))
	}
	if branch != nil {
		c.edits = append(c.edits, r.p.remove(branch))
		c.note = noBranch
	}
	if u.info.Defs[errID] != nil {
		if r.usedOutside(u, obj, branch) {
			c.edits = append(c.edits, r.p.replaceRange(n.End(), n.End(), "\nvar "+errID.Name+" error"))
		}
		return nil
	}
	if branch == nil {
		c.edits = append(c.edits, r.p.replaceRange(n.End(), n.End(), "\n"+errID.Name+" = nil"))
	}
	// A := that declared only the session stays; with =, the session exists already.
	return nil
}

// onlyError removes a call that was made only for its error: there is none any more.
func (r *rewriter) onlyError(c *change, u *unit, n *ast.AssignStmt, err types.Object, branch *ast.IfStmt) {
	c.note = noBranch
	if r.usedOutside(u, err, branch) {
		c.edits = []edit{r.p.replace(n, "var "+err.Name()+" error")}
		if branch != nil {
			c.edits = append(c.edits, r.p.remove(branch))
		}
		return
	}
	if branch == nil {
		c.edits = []edit{r.p.removeWithBlank(n.Pos(), n.End())}
		return
	}
	c.edits = []edit{r.p.remove(n), r.p.removeWithBlank(branch.Pos(), branch.End())}
}

const noBranch = "there is no error any more, and no branch on it"

// acquireInIf replaces an if statement that gets the session and checks its error: the branch without an error always
// runs.
func (r *rewriter) acquireInIf(c *change, u *unit, n *ast.AssignStmt, errObj types.Object, from string) *refusal {
	no := &refusal{"the session's error decides what happens", "use " + from}
	stmt, ok := r.parents[n].(*ast.IfStmt)
	if !ok || stmt.Init != n || !r.inBlock(stmt) {
		return no
	}
	if n.Tok == token.ASSIGN {
		if isBlank(n.Lhs[0]) || stmt.Else != nil || !isCheck(u, stmt.Cond, errObj, token.NEQ) {
			return no
		}
		c.edits = nil // the whole statement is replaced
		text := r.p.text(n.Lhs[0]) + " = " + from
		decl := r.declarationOf(u, errObj)
		switch {
		case r.usedOutside(u, errObj, stmt):
			text += "\n" + errObj.Name() + " = nil"
		case decl == nil:
			return no
		default: // nothing else uses it
			c.edits = append(c.edits, r.p.remove(decl))
		}
		c.edits, c.note = append(c.edits, r.p.replace(stmt, text)), noBranch
		return nil
	}
	if isBlank(n.Lhs[0]) {
		if stmt.Else != nil || !isCheck(u, stmt.Cond, errObj, token.NEQ) {
			return no
		}
		c.edits, c.note = []edit{r.p.remove(stmt)}, noBranch
		return nil
	}
	if r.acquireInCheck(c, u, n, errObj, from) {
		return nil
	}
	return no
}

// acquireInCheck replaces an if statement that declares the session, and reports whether its error only chooses a
// block.
func (r *rewriter) acquireInCheck(c *change, u *unit, n *ast.AssignStmt, errObj types.Object, from string) bool {
	stmt := r.parents[n].(*ast.IfStmt)
	checks := r.checksOf(u, stmt, errObj, u.info.Defs[n.Lhs[0].(*ast.Ident)])
	if checks != nil && len(checks.rest) > 0 {
		if len(r.uses[placeOf(errObj)]) > checks.ofError {
			return false
		}
		c.edits, c.note = append(c.edits, r.p.replaceRange(n.Lhs[0].End(), n.Lhs[1].End(), "")), "there is no error any more"
		c.edits = append(c.edits, checks.remove(r.p)...)
		return true
	}
	var body *ast.BlockStmt
	switch {
	case checks == nil:
	case checks.joint == token.LAND:
		body = stmt.Body
	default:
		body, _ = stmt.Else.(*ast.BlockStmt)
	}
	if body == nil || r.usedIn(u, errObj, body) {
		return false
	}
	get := r.p.text(n.Lhs[0]) + " := " + from
	c.note = noBranch
	if r.fits(u, n, stmt, body) {
		c.edits = []edit{r.p.replaceRange(stmt.Pos(), body.Lbrace+1, get), r.p.removeRange(body.Rbrace, stmt.End())}
	} else {
		c.edits = []edit{r.p.replaceRange(stmt.Pos(), body.Lbrace+1, "{\n"+get), r.p.replaceRange(body.Rbrace, stmt.End(), "}")}
	}
	return true
}

// declarationOf is the statement that declares just this variable, nil if there is none.
func (r *rewriter) declarationOf(u *unit, obj types.Object) ast.Stmt {
	for id, other := range u.info.Defs {
		if other != obj {
			continue
		}
		spec, ok := r.parents[id].(*ast.ValueSpec)
		if !ok || len(spec.Names) != 1 || len(spec.Values) > 0 {
			return nil
		}
		group, ok := r.parents[spec].(*ast.GenDecl)
		if stmt, isStmt := r.parents[group].(*ast.DeclStmt); ok && isStmt && len(group.Specs) == 1 {
			return stmt
		}
	}
	return nil
}

// usedIn reports whether a variable is used in a node.
func (r *rewriter) usedIn(u *unit, obj types.Object, n ast.Node) bool {
	return slices.ContainsFunc(r.uses[placeOf(obj)], func(use value) bool { return use.in == u && n.Pos() <= use.expr.Pos() && use.expr.Pos() < n.End() })
}

// fits reports whether the statements of an if's block can take the place of the whole if: no name that is declared
// there has another meaning outside.
func (r *rewriter) fits(u *unit, n *ast.AssignStmt, stmt *ast.IfStmt, body *ast.BlockStmt) bool {
	outer := u.info.Scopes[stmt].Parent()
	inner := u.info.Scopes[body]
	if outer == nil || inner == nil || inner.Len() > 0 {
		return false
	}
	_, seen := outer.LookupParent(r.p.text(n.Lhs[0]), token.NoPos)
	return seen == nil
}

// branch is the if statement after an assignment that only checks its error.
func (r *rewriter) branch(u *unit, n ast.Stmt, obj types.Object) *ast.IfStmt {
	list := r.list(n)
	i := slices.Index(list, n)
	if i < 0 || i+1 >= len(list) {
		return nil
	}
	stmt, ok := list[i+1].(*ast.IfStmt)
	if !ok || stmt.Init != nil || stmt.Else != nil || !isCheck(u, stmt.Cond, obj, token.NEQ) {
		return nil
	}
	return stmt
}

// list is the list that a statement is in.
func (r *rewriter) list(n ast.Stmt) []ast.Stmt { return statementsOf(r.parents[n]) }

func isCheck(u *unit, cond ast.Expr, obj types.Object, op token.Token) bool {
	b, ok := ast.Unparen(cond).(*ast.BinaryExpr)
	if !ok || b.Op != op {
		return false
	}
	id, ok := ast.Unparen(b.X).(*ast.Ident)
	return ok && u.info.Uses[id] == obj && u.info.Types[b.Y].IsNil()
}

// usedOutside reports whether a variable is used outside a node.
func (r *rewriter) usedOutside(u *unit, obj types.Object, n ast.Node) bool {
	for id, used := range u.info.Uses {
		if used == obj && (n == nil || isNilNode(n) || id.Pos() < n.Pos() || id.Pos() >= n.End()) {
			return true
		}
	}
	return false
}

func isNilNode(n ast.Node) bool {
	stmt, ok := n.(*ast.IfStmt)
	return ok && stmt == nil
}

// assignment plans changes of assignments to a session's own fields.
func (r *rewriter) assignment(u *unit, n *ast.AssignStmt) {
	session, field := assignedField(u, n)
	if session == nil || len(r.targets) == 0 || r.withoutOptions(u, n) != nil {
		return
	}
	at := value{n.Lhs[0], u, whole}
	if option, ok := strings.CutPrefix(field, "Options."); ok {
		r.leave(at, "options of one request", refusal{"the cookie's " + option + " is that of all sessions", "set it in runtime.Config"})
		return
	}
	text := r.p.text(session)
	switch field {
	case "Values":
		if isEmptyMap(u, n.Rhs[0]) {
			r.changes = append(r.changes, &change{at: at, edits: []edit{r.p.replace(n, text+".Clear()")}})
		}
	case "IsNew":
		if r.inBlock(n) {
			r.changes = append(r.changes, &change{at: at, edits: []edit{r.p.remove(n)}})
			return
		}
		r.leave(at, "an assignment to IsNew", refusal{"the session has it by itself", "remove it"})
	case "Options", "MaxAge":
		method, note, why := r.perRequest(u, n.Rhs[0])
		if why != nil {
			r.leave(at, "options of one request", *why)
			return
		}
		c := &change{edits: []edit{r.p.replace(n, text+"."+method)}, note: note}
		if method == destroy {
			if c, why = r.ending(n, value{session, u, whole}, text); why != nil {
				r.leave(at, "options of one request", *why)
				return
			}
		}
		c.at = at
		r.changes = append(r.changes, c)
	}
}

// assignedField takes an assignment to a field of a gorilla session apart; session is nil for any other. The field is
// one of the session, "MaxAge" of its options, or "Options." and the name of another option.
func assignedField(u *unit, n *ast.AssignStmt) (session ast.Expr, field string) {
	if len(n.Lhs) != 1 || len(n.Rhs) != 1 {
		return nil, ""
	}
	sel, ok := ast.Unparen(n.Lhs[0]).(*ast.SelectorExpr)
	if !ok {
		return nil, ""
	}
	session, field = sel.X, sel.Sel.Name
	if inner, ok := ast.Unparen(sel.X).(*ast.SelectorExpr); ok && inner.Sel.Name == "Options" {
		session = inner.X
		if field != "MaxAge" {
			field = "Options." + field
		}
	}
	if named := namedOf(u.info.TypeOf(session)); named == nil || sessionType(named) != gorilla {
		return nil, ""
	}
	return session, field
}

func isEmptyMap(u *unit, e ast.Expr) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.CompositeLit:
		return len(e.Elts) == 0
	case *ast.CallExpr:
		id, ok := ast.Unparen(e.Fun).(*ast.Ident)
		return ok && id.Name == "make" && isAnyMap(u.info.TypeOf(e))
	}
	return false
}

func relative(dir, name string) string {
	if rel, err := filepath.Rel(dir, name); err == nil && filepath.IsAbs(name) {
		name = rel
	}
	return filepath.ToSlash(name)
}

func isAnySlice(t types.Type) bool {
	s, ok := t.(*types.Slice)
	return ok && types.IsInterface(s.Elem())
}

// nameable is how a file writes a type; it reports false if an import is missing for that.
func (r *rewriter) nameable(u *unit, at ast.Node, t types.Type) (string, bool) {
	ok := true
	text := types.TypeString(t, func(p *types.Package) string {
		if p.Path() == u.path {
			return ""
		}
		for _, f := range u.files {
			if at.Pos() < f.FileStart || at.Pos() >= f.FileEnd {
				continue
			}
			for _, spec := range f.Imports {
				if name := u.info.PkgNameOf(spec); name != nil && name.Imported().Path() == p.Path() && name.Name() != "_" && name.Name() != "." {
					return name.Name()
				}
			}
		}
		ok = false
		return p.Name()
	})
	return text, ok
}
