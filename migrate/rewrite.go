package migrate

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"os"
	"slices"
	"strings"
	"time"
)

// A rewriter turns what a program does with its sessions into calls of accessors.
type rewriter struct {
	*finder
	home     *home
	all      []*field
	targets  []*target
	kinds    int // of sessions with keys, usable or not, whose names are known
	target   map[*field]*target
	of       map[*site][]*field
	idents   map[string]bool
	changes  []*change
	left     []Left
	bridges  []*bridge
	defined  map[*ast.File]bool           // files that will use the new package
	retyped  map[token.Pos]bool           // struct fields whose types change
	becomes  map[token.Pos]types.Type     // new types of variables of type any, by where they are declared
	kept     map[token.Pos]bool           // functions that return sessions and are still called
	newNames map[ast.Node]map[string]bool // of variables, by function
	oks      map[ast.Node][]okVariable    // by function
	until    time.Time                    // Config.Legacy
	lasting  bool                         // some requests decide whether a session outlives the browser
	byHand   bool                         // Config.NoBridge
	wanted   string                       // Config.Package
	lodges   *lodging                     // nil until first needed

	named     *namedSessions // nil unless callers of functions name sessions
	takeNames map[*ast.CallExpr]bool
}

// Left is something that the user has to do by hand.
type Left struct {
	Pos  token.Position // its file name is relative to Config.Dir, with forward slashes
	What string
	Why  string
	Fix  string
}

// String returns "file:line:col: what; why; the fix".
func (l Left) String() string { return fmt.Sprintf("%s: %s; %s; %s", l.Pos, l.What, l.Why, l.Fix) }

// A refusal says why a site stays as it is.
type refusal struct{ why, fix string }

func newRewriter(f *finder) *rewriter {
	r := &rewriter{
		finder: f, target: map[*field]*target{}, of: map[*site][]*field{},
		defined: map[*ast.File]bool{}, retyped: map[token.Pos]bool{}, becomes: map[token.Pos]types.Type{}, oks: map[ast.Node][]okVariable{}, kept: map[token.Pos]bool{}, newNames: map[ast.Node]map[string]bool{},
		takeNames: map[*ast.CallExpr]bool{},
	}
	r.group()
	for _, d := range r.fields() {
		for _, s := range d.sites {
			r.of[s] = append(r.of[s], d)
		}
	}
	return r
}

// fields are the program's keys, found once.
func (r *rewriter) fields() []*field {
	if r.all == nil {
		r.all = r.findFields()
	}
	return r.all
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func (r *rewriter) leave(v value, what string, why refusal) {
	pos := r.p.place(v.expr.Pos())
	pos.Filename = relative(r.p.dir, pos.Filename)
	r.left = append(r.left, Left{pos, what, why.why, why.fix})
}

// make plans changes for all uses of a library.
func (r *rewriter) make() {
	r.dropUnusable()
	for _, s := range r.sites {
		if s.at.in.tests && s.keys == nil && s.verb.keyed() {
			continue
		}
		if r.inGetter(s.at.expr) {
			continue
		}
		if r.inStore(s.at) {
			r.leave(s.at, s.what(), refusal{"it is in a sessions.Store of the program's own", "use a store of sessiongen's, or write one: runtime.Store"})
			continue
		}
		c, why := r.change(s)
		switch {
		case why != nil:
			r.leave(s.at, s.what(), *why)
		case c != nil:
			c.at, c.site = s.at, s
			r.changes = append(r.changes, c)
		}
	}
	for _, u := range r.p.units {
		for _, file := range u.files {
			r.handles(u, file)
		}
	}
	r.moveTypes()
	r.interfaceTypes()
	r.dropGetters()
	r.noteFlashes()
}

// noteFlashes notes how flash messages behave differently.
func (r *rewriter) noteFlashes() {
	for _, d := range r.fields() {
		i := slices.IndexFunc(d.sites, func(s *site) bool { return s.verb == addFlashVerb && !s.at.in.tests })
		if d.flash && i >= 0 && r.target[d] != nil && r.unusable(d) == nil {
			r.changes = append(r.changes, &change{at: d.sites[i].at,
				note: fmt.Sprintf("of the messages under %q at most 8 are kept, for 5 minutes: the options max and ttl of their field change that", d.key.name)})
		}
	}
}

// what returns the name of a site for the report.
func (s *site) what() string {
	var names []string
	for _, k := range slices.Concat(s.keys, s.fixed) {
		names = append(names, fmt.Sprintf("%q", k.name))
	}
	if s.dynamic != "" {
		names = append(names, "a computed key")
	}
	if s.inside && len(s.fixed) == 0 {
		names = append(names, "the key of its caller")
	}
	if len(names) == 0 {
		what := s.verb.String()
		if call, ok := s.at.expr.(*ast.CallExpr); ok && s.verb == otherVerb {
			if id := lastIdent(call.Fun); id != nil {
				what = id.Name
			}
		}
		return s.lib.name + ": " + what
	}
	return s.verb.String() + " of " + strings.Join(names, ", ")
}

// dropUnusable takes keys that cannot be fields out of the schemas.
func (r *rewriter) dropUnusable() {
	for _, t := range r.targets {
		t.fields = slices.DeleteFunc(t.fields, func(d *field) bool { return r.unusable(d) != nil })
	}
	r.targets = slices.DeleteFunc(r.targets, func(t *target) bool { return len(t.fields) == 0 })
}

// unusable says why a key cannot be a field.
func (r *rewriter) unusable(d *field) *refusal {
	if why := r.unfit(d); why != nil {
		return why
	}
	if why := r.lodging().homeless(d.typ); why != "" {
		return &refusal{why, "declare the type in a package of its own"}
	}
	return nil
}

// unfit says why a key cannot be a field of any package.
func (r *rewriter) unfit(d *field) *refusal {
	switch {
	case d.dynamic:
		return &refusal{"the key is computed: " + d.key.name, "make it one field, such as a map by what the key depends on"}
	case d.key.name == "":
		return &refusal{"the key is empty", "give it a name"}
	case d.session == sharedSession:
		return &refusal{"sessions of several stores or cookies have it", "give each a name of its own or, with gin, use SessionsMany"}
	case d.session == unknownSession:
		return &refusal{"it is not known which session has it", "call the accessor of the right session"}
	case isComputed(d.session):
		return &refusal{"the session's name is computed", "give each session a schema of its own"}
	case d.typ == nil:
		return &refusal{"nothing says what type its values have", "assert a type where it is read"}
	case d.unstorable != "":
		return &refusal{d.unstorable, "keep something else, or make the type one that can be stored"}
	case d.conflict != nil:
		return r.conflicting(d.conflict[0], d.conflict[1])
	case !d.lib.rewrite:
		return &refusal{"programs with " + d.lib.name + " get a report and no rewriting", "call the accessors of the schema"}
	}
	return nil
}

// conflicting says that a key has values of two types. Types of one name are told apart by where they are declared.
func (r *rewriter) conflicting(a, b types.Type) *refusal {
	x, y := namedOf(elementOf(flat(a))), namedOf(elementOf(flat(b)))
	if x == nil || y == nil || x.Obj().Name() != y.Obj().Name() || x.Obj().Pos() == y.Obj().Pos() {
		return &refusal{"it holds values of type " + typeText(a) + " and of type " + typeText(b), "use two keys, or one type"}
	}
	return &refusal{
		"it holds values of type " + typeText(a) + " of " + r.declaredAt(x.Obj()) + " and of type " + typeText(b) + " of " + r.declaredAt(y.Obj()),
		"declare the type once, in a package that both import, or give each session a name of its own",
	}
}

// declaredAt is where a type is declared.
func (r *rewriter) declaredAt(t *types.TypeName) string {
	if t.Pkg() == nil || r.p.unit(t.Pkg().Path()) == nil {
		return "another module"
	}
	pos := r.p.place(t.Pos())
	pos.Filename = relative(r.p.dir, pos.Filename)
	return pos.String()
}

// change plans the change of a site.
func (r *rewriter) change(s *site) (*change, *refusal) {
	if why := s.through.refusal(); why != nil {
		return nil, why
	}
	if !s.verb.keyed() {
		return r.keyless(s)
	}
	switch {
	case s.inside && s.via != nil && len(s.keys) == 0:
		return nil, nil // a wrapper's wrapper
	case s.inside && len(s.keys) == 0:
		return r.inside(s)
	case s.via != nil:
		return r.calling(s)
	case len(s.keys) > 0 && r.isNamed(r.ownerOf(s)):
		return r.byName(s)
	case s.dynamic != "":
		return nil, r.unusable(&field{dynamic: true, key: key{name: s.dynamic}})
	case len(r.of[s]) != 1:
		return r.oneOfSeveral(s)
	}
	d := r.of[s][0]
	if why := r.unusable(d); why != nil {
		return nil, why
	}
	if assign := r.replacesValues(s); assign != nil {
		return r.replacedValues(s, assign)
	}
	recv, why := r.receiver(s)
	if why != nil {
		return nil, why
	}
	w := &writer{r: r, s: s, d: d, name: r.target[d].names[d], recv: recv}
	return w.change()
}

// inside handles a site whose callers decide the field.
func (r *rewriter) inside(s *site) (*change, *refusal) {
	if assign := r.replacesValues(s); assign != nil && !r.byHand {
		return r.replacedValues(s, assign)
	}
	return r.bridged(s)
}

// byName handles a site whose session comes from a function that takes the name of it.
func (r *rewriter) byName(s *site) (*change, *refusal) {
	for _, d := range r.of[s] {
		if why := r.unusable(d); why != nil {
			return nil, why
		}
		if why := r.readAs(s, d); why != nil {
			return nil, why
		}
	}
	return r.inside(s)
}

// oneOfSeveral handles a site whose key is only known at run time, such as one that each object keeps in a field.
func (r *rewriter) oneOfSeveral(s *site) (*change, *refusal) {
	if c, why := r.bridged(s); why == nil {
		return c, nil
	}
	return nil, &refusal{"the key is one of several", "call the accessor of each"}
}

// calling handles a call of a wrapper. It stays as it is if the wrapper is rewritten to methods by key.
func (r *rewriter) calling(s *site) (*change, *refusal) {
	for _, d := range r.of[s] {
		if isComputed(d.session) && r.isNamed(r.ownerOf(s.innermost())) {
			return nil, &refusal{"the session's name is computed, and " + r.namedSessions().function + " panics for one without a schema", "give each session a schema of its own"}
		}
		if why := r.unusable(d); why != nil {
			return nil, why
		}
		if why := r.readAs(s, d); why != nil {
			return nil, why
		}
	}
	if _, why := r.inside(s.innermost()); why != nil {
		return nil, &refusal{"it is a call of " + s.via.fn.fn.Name() + ", whose parameter is the " + s.via.what(), "call the accessor of the key"}
	}
	if s.verb == deleteVerb && s.innermost().verb == writeVerb {
		return nil, &refusal{"nil is handed on, and SetByKey takes none", "clear the field with its accessor"}
	}
	return &change{bridged: s.innermost()}, nil
}

// receiver is the expression for the session of a site.
func (r *rewriter) receiver(s *site) (string, *refusal) {
	if s.lib.managed {
		call, ok := s.at.expr.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return "", &refusal{"there is no context", "call the accessor"}
		}
		t := r.targetOfManager(s)
		if t == nil {
			return "", &unknownManager
		}
		return r.sessionFrom(s.at.in, call, t, r.p.text(call.Args[0])), nil
	}
	if e := r.sessionExpr(s); e != nil {
		return r.render(s.session.in, e), nil
	}
	if isAnyMap(typeOf(s.session)) {
		return "", &refusal{"the map of its values has another name here", "call the accessor of the session"}
	}
	return r.render(s.session.in, s.session.expr), nil
}

var unknownManager = refusal{"it is not known which session is meant", "call the method of the right session"}

// targetOfManager is the schema of a site's manager, nil if it is not certain.
func (r *rewriter) targetOfManager(s *site) *target { return r.targetNamed(r.sessionNames().of(s)) }

// sessionExpr is the expression for the session at a site, nil if the site has the map of its values, or the manager,
// instead.
func (r *rewriter) sessionExpr(s *site) ast.Expr {
	if s.lib.managed || s.session.expr == nil {
		return nil
	}
	if !isAnyMap(typeOf(s.session)) {
		return s.session.expr
	}
	if sel, ok := ast.Unparen(s.session.expr).(*ast.SelectorExpr); ok {
		if v, ok := s.session.in.info.Uses[sel.Sel].(*types.Var); ok && isValuesField(v) {
			return sel.X
		}
	}
	return nil
}

// render is the text of an expression for a session, or of the call that gets it.
func (r *rewriter) render(u *unit, e ast.Expr) string {
	call, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok {
		return r.p.text(e)
	}
	a, ok := r.acquisitionOf(u, call)
	if !ok || a.err || a.request < 0 {
		return r.p.text(e)
	}
	if from := r.sessionOfCall(u, call, a, r.context(u, call.Args[a.request])); from != "" {
		return from
	}
	return r.p.text(e)
}

// sessionFrom is a call for the session of a context.
func (r *rewriter) sessionFrom(u *unit, at ast.Node, t *target, ctx string) string {
	return r.qualify(u, at, t.generated()+"From") + "(" + ctx + ")"
}

// qualify writes a name of the schemas' package.
func (r *rewriter) qualify(u *unit, at ast.Node, name string) string {
	if r.home.path == u.path {
		return name
	}
	for _, f := range u.files {
		if f.FileStart <= at.Pos() && at.Pos() < f.FileEnd {
			r.defined[f] = true
		}
	}
	return r.home.name + "." + name
}

// keyless plans the change of a call without a key.
func (r *rewriter) keyless(s *site) (*change, *refusal) {
	if why := r.keptByOld(s); why != nil {
		return nil, why
	}
	if s.verb == clearVerb && s.lib == gorilla {
		return r.emptiedByLoop(s), nil
	}
	call, ok := s.at.expr.(*ast.CallExpr)
	if !ok || !s.lib.rewrite {
		return nil, nil
	}
	recv := ""
	switch {
	case s.lib.managed && len(call.Args) > 0 && s.verb != middlewareVerb:
		t := r.targetOfManager(s)
		if t == nil {
			return nil, &unknownManager
		}
		recv = r.sessionFrom(s.at.in, call, t, r.p.text(call.Args[0]))
	case s.session.expr != nil:
		recv = r.render(s.at.in, s.session.expr)
	}
	switch s.verb {
	case saveVerb:
		if recv == "" {
			return r.saveAll(s, call)
		}
		return r.save(s, call, recv), nil
	case clearVerb:
		return r.action(s, call, recv, "Clear()")
	case destroyVerb:
		return r.action(s, call, recv, "Destroy()")
	case renewVerb:
		return r.action(s, call, recv, "Renew()")
	case permanentVerb:
		if len(call.Args) == 2 {
			return &change{edits: []edit{r.p.replace(call, recv+".SetPermanent("+r.p.text(call.Args[1])+")")}}, nil
		}
	case expiresVerb:
		return &change{edits: []edit{r.p.replace(call, recv+".ExpiresAt()")}}, nil
	case optionsVerb:
		if len(call.Args) != 1 {
			break
		}
		method, note, why := r.perRequest(s.at.in, call.Args[0])
		if why != nil {
			return nil, why
		}
		if method == destroy {
			return r.ending(r.statementOr(call), s.session, recv)
		}
		return &change{edits: []edit{r.p.replace(call, recv+"."+method)}, note: note}, nil
	case loadVerb:
		_, why := r.loaded(s)
		return nil, why
	case idVerb, middlewareVerb: // the wiring replaces middlewares
		return nil, nil
	}
	return nil, &refusal{"it has no counterpart", "do without it"}
}

// keptByOld says why a site stays as it is if the old store keeps the session.
func (r *rewriter) keptByOld(s *site) *refusal {
	why, ok := map[verb]refusal{saveVerb: leftSaved,
		destroyVerb: {"it ends a session that has no schema", "end the right session"},
		clearVerb:   {"it clears a session that has no schema", "clear the right session"},
	}[s.verb]
	if !ok || s.lib.managed || s.lib == gin && s.verb == clearVerb || !slices.ContainsFunc(r.sessionsOf(s), r.staysOld) || r.isNamed(r.ownerOf(s)) {
		return nil
	}
	return &why
}

// staysOld reports whether the sessions of a name get no schema.
func (r *rewriter) staysOld(session string) bool {
	return isLeft(session) || r.targetNamed(session) == nil && r.only() == nil
}

var leftSaved = refusal{"it saves sessions that have no schema", "save the right session with its response"}

func kvKey(kv *ast.KeyValueExpr, ok bool) (*ast.Ident, bool) {
	if !ok {
		return nil, false
	}
	id, isIdent := kv.Key.(*ast.Ident)
	return id, isIdent
}

// save removes a call that saves the session, since the response does that. If its error counts, the call becomes Err,
// the first error so far.
func (r *rewriter) save(s *site, call *ast.CallExpr, recv string) *change {
	anyway := r.savedAnyway(s)
	if stmt, ok := r.statement(call); ok {
		return &change{edits: []edit{r.p.remove(r.runsOnly(s.at.in, stmt))}, note: anyway}
	}
	if stmt, ok := r.outer(call).(*ast.DeferStmt); ok && r.inBlock(stmt) {
		return &change{edits: []edit{r.p.remove(r.runsOnly(s.at.in, stmt))}}
	}
	w := &writer{r: r, s: s, recv: recv}
	return &change{edits: w.call(call, "Err()"), note: cmp.Or(anyway, "saved with the response; Err returns the first error so far")}
}

// statement is the statement that is just a call whose result is unused.
func (r *rewriter) statement(call *ast.CallExpr) (ast.Stmt, bool) {
	switch n := r.outer(call).(type) {
	case *ast.ExprStmt:
		return n, r.inBlock(n)
	case *ast.AssignStmt:
		if len(n.Lhs) == 1 && isBlank(n.Lhs[0]) {
			return n, r.inBlock(n)
		}
	}
	return nil, false
}

// statementOr is the statement that is just a call, or the call itself.
func (r *rewriter) statementOr(call *ast.CallExpr) ast.Node {
	if stmt, ok := r.statement(call); ok {
		return stmt
	}
	return call
}

func isBlank(e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == "_"
}

func (r *rewriter) inBlock(s ast.Stmt) bool {
	switch r.parents[s].(type) {
	case *ast.BlockStmt, *ast.CaseClause, *ast.CommClause:
		return true
	}
	return false
}

// action replaces a call that returned an error by one of a method without a result.
func (r *rewriter) action(s *site, call *ast.CallExpr, recv, method string) (*change, *refusal) {
	if stmt, ok := r.statement(call); ok {
		return &change{edits: []edit{r.p.replace(stmt, recv+"."+method)}}, nil
	}
	stmt := r.block(call)
	if stmt == nil {
		return nil, &refusal{"the call stands within an expression", "call " + method + " before"}
	}
	return &change{edits: []edit{
		r.p.replaceRange(stmt.Pos(), stmt.Pos(), recv+"."+method+"\n"),
		r.p.replace(call, recv+".Err()"),
	}}, nil
}

// block returns the block statement that an expression is part of, if all its other parts may be evaluated later.
func (r *rewriter) block(e ast.Expr) ast.Stmt {
	var n, child ast.Node = e, nil
	for n != nil {
		up := r.parents[n]
		if stmt, ok := n.(ast.Stmt); ok && r.inBlock(stmt) {
			return onlyOnce(stmt, child)
		}
		switch x := up.(type) {
		case *ast.FuncLit, *ast.ForStmt:
			return nil
		case *ast.BinaryExpr:
			if (x.Op == token.LAND || x.Op == token.LOR) && x.Y == n {
				return nil
			}
		case *ast.IfStmt:
			if x.Else == n || x.Init != nil && x.Cond == n {
				return nil
			}
			if _, ok := r.parents[x].(*ast.IfStmt); ok {
				return nil
			}
		}
		n, child = up, n
	}
	return nil
}

// onlyOnce returns a statement if a part of it is evaluated exactly once, and immediately. Otherwise it returns nil.
func onlyOnce(stmt ast.Stmt, part ast.Node) ast.Stmt {
	switch stmt := stmt.(type) {
	case *ast.ForStmt, *ast.LabeledStmt, *ast.GoStmt, *ast.DeferStmt:
		return nil
	case *ast.RangeStmt:
		if stmt.X != part {
			return nil
		}
	}
	return stmt
}

// inStore reports whether an expression is in a method of the program's own store.
func (f *flow) inStore(v value) bool {
	fn := f.functionOf(v.expr)
	if fn == nil || fn.fn.Signature().Recv() == nil {
		return false
	}
	for _, name := range []string{"New", "Get"} {
		obj, _, _ := types.LookupFieldOrMethod(fn.fn.Signature().Recv().Type(), true, fn.in.types, name)
		if m, ok := obj.(*types.Func); !ok || !handsOut(m) {
			return false
		}
	}
	return true
}
