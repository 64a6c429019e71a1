package migrate

import (
	"bytes"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strings"
)

// A simplifier goes over a file once everything else stands. Errors that the old library returned are variables without
// a value now, and some conditions always have the same answer: it writes what a person would.
type simplifier struct {
	u     *unit
	file  *ast.File
	text  []byte
	base  int // of the file's offsets
	added []span
	edits []piece
	gone  []*ast.IfStmt     // if statements of which only a branch is left, or nothing
	known map[ast.Expr]bool // conditions whose answer is known
	uses  map[types.Object][]*ast.Ident
	up    map[ast.Node]ast.Node
}

// A span is a part of a file's text, by its offsets.
type span struct{ from, to int }

// simplify changes the texts of a draft. What would not compile afterwards stays as it is.
func (d *draft) simplify() {
	before := len(d.check())
	was := map[string][]byte{}
	for _, u := range d.newUnits() {
		for _, f := range u.files {
			name := d.r.p.fset.File(f.FileStart).Name()
			old, ok := d.texts[name]
			if !ok || was[name] != nil {
				continue
			}
			s := newSimplifier(d, u, f, name)
			if s.run(); len(s.edits) > 0 && !overlap(s.edits) {
				was[name] = old
				d.texts[name], _ = apply(old, s.edits)
				d.noteBranches(name, s.gone)
			}
		}
	}
	if len(was) == 0 {
		return
	}
	errs := d.check()
	if len(errs) > before {
		d.dropImports(errs)
		errs = d.check()
	}
	if len(errs) > before {
		maps.Copy(d.texts, was)
		d.branches = nil
	}
}

// dropImports removes the lines of imports that simplified files need no more.
func (d *draft) dropImports(errs []types.Error) {
	lines := map[string][]piece{}
	for _, e := range errs {
		file, offset := d.place(e.Pos)
		if text := d.texts[file]; text != nil && strings.HasSuffix(e.Msg, "imported and not used") {
			from, to := bytes.LastIndexByte(text[:offset], '\n')+1, offset+bytes.IndexByte(text[offset:], '\n')+1
			lines[file] = append(lines[file], piece{edit: edit{from: from, to: to}})
		}
	}
	for file, list := range lines {
		d.texts[file], _ = apply(d.texts[file], list)
	}
}

// noteBranches notes where branches are gone.
func (d *draft) noteBranches(file string, gone []*ast.IfStmt) {
	for _, stmt := range gone {
		_, offset := d.place(stmt.Pos())
		old, _ := oldOffset(d.pieces[file], offset)
		why := noBranch
		if asksTruth(stmt.Cond) {
			why = "a session always has options, and the branch on them is gone"
		}
		d.branches = append(d.branches, d.position(file, old).String()+": "+why)
	}
}

// asksTruth reports whether a condition has an operand that askedOptions wrote.
func asksTruth(cond ast.Expr) bool {
	found := false
	ast.Inspect(cond, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && (id.Name == "true" || id.Name == "false") {
			found = true
		}
		return !found
	})
	return found
}

// newUnits are the packages of the draft.
func (d *draft) newUnits() []*unit {
	b := d.builder()
	var list []*unit
	for _, u := range d.r.p.units {
		if next := b.units[u.path]; next != nil && !u.tests {
			list = append(list, next)
		}
	}
	return list
}

func newSimplifier(d *draft, u *unit, f *ast.File, name string) *simplifier {
	s := &simplifier{u: u, file: f, text: d.texts[name], base: int(f.FileStart), known: map[ast.Expr]bool{}, uses: map[types.Object][]*ast.Ident{}, up: map[ast.Node]ast.Node{}}
	for _, p := range d.pieces[name] {
		if p.text != "" {
			s.added = append(s.added, span{p.at, p.at + len(p.text)})
		}
	}
	var stack []ast.Node
	ast.Inspect(f, func(n ast.Node) bool {
		if n == nil {
			stack = stack[:len(stack)-1]
			return true
		}
		if len(stack) > 0 {
			s.up[n] = stack[len(stack)-1]
		}
		stack = append(stack, n)
		if id, ok := n.(*ast.Ident); ok && u.info.Uses[id] != nil {
			s.uses[u.info.Uses[id]] = append(s.uses[u.info.Uses[id]], id)
		}
		return true
	})
	return s
}

func (s *simplifier) run() {
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.DeclStmt:
			s.declared(n)
		case *ast.Ident:
			if value, ok := truth(s.u, n); ok && s.isAdded(n) {
				s.known[n] = value
			}
		}
		return true
	})
	s.walk(s.file)
}

// walk simplifies the if statements in a node.
func (s *simplifier) walk(n ast.Node) {
	ast.Inspect(n, func(n ast.Node) bool {
		stmt, ok := n.(*ast.IfStmt)
		if !ok {
			return true
		}
		for _, part := range s.condition(stmt) {
			s.walk(part)
		}
		return false
	})
}

// truth reports which of true and false an identifier is, if it is one.
func truth(u *unit, id *ast.Ident) (value, ok bool) {
	obj := u.info.Uses[id]
	return obj == types.Universe.Lookup("true"), obj != nil && (obj == types.Universe.Lookup("true") || obj == types.Universe.Lookup("false"))
}

// isAdded reports whether a node is what an edit wrote.
func (s *simplifier) isAdded(n ast.Node) bool {
	from, to := int(n.Pos())-s.base, int(n.End())-s.base
	return slices.ContainsFunc(s.added, func(a span) bool { return a.from <= from && to <= a.to })
}

func (s *simplifier) source(n ast.Node) string {
	return string(s.text[int(n.Pos())-s.base : int(n.End())-s.base])
}

func (s *simplifier) replace(from, to token.Pos, text string) {
	s.edits = append(s.edits, piece{edit: edit{from: int(from) - s.base, to: int(to) - s.base, text: text}})
}

// remove removes a part of the text, and its lines if nothing else is on them.
func (s *simplifier) remove(from, to token.Pos) {
	p := &program{source: map[string][]byte{"": s.text}}
	s.edits = append(s.edits, piece{edit: p.wholeLine(edit{from: int(from) - s.base, to: int(to) - s.base})})
}

// declared simplifies the use of an error that is declared without a value, in place of one that the old library returned.
func (s *simplifier) declared(n *ast.DeclStmt) {
	decl := n.Decl.(*ast.GenDecl)
	if len(decl.Specs) != 1 {
		return
	}
	spec, ok := decl.Specs[0].(*ast.ValueSpec)
	if !ok || len(spec.Names) != 1 || spec.Values != nil || !s.isAdded(n) {
		return
	}
	obj := s.u.info.Defs[spec.Names[0]]
	if obj == nil || !isErrorType(obj.Type()) {
		return
	}
	if s.isDecided(obj) {
		s.remove(n.Pos(), n.End())
		return
	}
	list := statementsOf(s.up[n])
	in := &definer{s: s, obj: obj}
	if in.list(list[slices.Index(list, ast.Stmt(n))+1:]) && in.seen == len(s.uses[obj]) {
		for _, at := range in.defines {
			s.replace(at.TokPos, at.TokPos+1, ":=")
		}
		s.remove(n.Pos(), n.End())
	}
}

// isDecided reports whether a variable without a value is only compared with nil in the conditions of if statements,
// returned, or used where these never lead to. The answers are known then, and nil is returned.
func (s *simplifier) isDecided(obj types.Object) bool {
	before := maps.Clone(s.known)
	var others []*ast.Ident
	for _, id := range s.uses[obj] {
		b, ok := s.up[id].(*ast.BinaryExpr)
		if ok && (b.Op == token.EQL || b.Op == token.NEQ) && (s.u.info.Types[b.X].IsNil() || s.u.info.Types[b.Y].IsNil()) && s.inCondition(b) {
			s.known[b] = b.Op == token.EQL
		} else {
			others = append(others, id)
		}
	}
	others = slices.DeleteFunc(others, func(id *ast.Ident) bool { return s.isDead(id) })
	if slices.ContainsFunc(others, func(id *ast.Ident) bool { return !s.isReturned(id) }) {
		s.known = before
		return false
	}
	for _, id := range others {
		s.replace(id.Pos(), id.End(), "nil")
	}
	return true
}

func (s *simplifier) isReturned(id *ast.Ident) bool {
	_, ok := s.up[id].(*ast.ReturnStmt)
	return ok
}

// isDead reports whether a node never runs because of what is known.
func (s *simplifier) isDead(n ast.Node) bool {
	for child, up := n, s.up[n]; up != nil; child, up = up, s.up[up] {
		if stmt, ok := up.(*ast.IfStmt); ok && s.never(stmt, child) {
			return true
		}
		for _, earlier := range statementsOf(up) {
			if earlier == child {
				break
			}
			if stmt, ok := earlier.(*ast.IfStmt); ok && s.alwaysJumps(stmt) {
				return true
			}
		}
	}
	return false
}

// never reports whether a block of an if statement never runs.
func (s *simplifier) never(stmt *ast.IfStmt, block ast.Node) bool {
	_, answer := s.simple(stmt.Cond)
	return answer != nil && block != stmt.Init && block != stmt.Cond && *answer != (block == stmt.Body)
}

// alwaysJumps reports whether an if statement has one branch that runs, which ends in a jump.
func (s *simplifier) alwaysJumps(stmt *ast.IfStmt) bool {
	_, answer := s.simple(stmt.Cond)
	if answer == nil || stmt.Init != nil {
		return false
	}
	runs, ok := stmt.Else.(*ast.BlockStmt)
	if *answer {
		runs, ok = stmt.Body, true
	}
	return ok && endsInJump(runs)
}

// inCondition reports whether an expression is an operand of an if statement's condition.
func (s *simplifier) inCondition(e ast.Expr) bool {
	for n := s.up[e]; ; e, n = n.(ast.Expr), s.up[n] {
		switch n := n.(type) {
		case *ast.ParenExpr:
		case *ast.BinaryExpr:
			if n.Op != token.LAND && n.Op != token.LOR {
				return false
			}
		case *ast.IfStmt:
			return n.Cond == e
		default:
			return false
		}
	}
}

// A definer finds the assignments that can define a variable instead, where nothing asks for an earlier value.
type definer struct {
	s       *simplifier
	obj     types.Object
	defines []*ast.AssignStmt
	seen    int // uses that are covered
}

// list reports whether the uses in a list of statements begin with an assignment, or each block within does so by itself.
func (d *definer) list(stmts []ast.Stmt) bool {
	for i, stmt := range stmts {
		n := d.count(stmt)
		if n == 0 {
			continue
		}
		if d.defining(stmt) {
			for _, rest := range stmts[i:] {
				d.seen += d.count(rest)
			}
			return true
		}
		if !d.inside(stmt) {
			return false
		}
	}
	return true
}

// defining notes a statement that just assigns the variable, or declares others at the same time.
func (d *definer) defining(stmt ast.Stmt) bool {
	assign, ok := stmt.(*ast.AssignStmt)
	if !ok || d.count(assign) != 1 || !slices.ContainsFunc(assign.Lhs, d.is) {
		return false
	}
	if assign.Tok == token.DEFINE {
		return true
	}
	if assign.Tok != token.ASSIGN || len(assign.Lhs) != 1 {
		return false
	}
	d.defines = append(d.defines, assign)
	return true
}

// is reports whether an expression is the variable.
func (d *definer) is(e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	return ok && d.s.u.info.Uses[id] == d.obj
}

// inside looks at the blocks of a statement.
func (d *definer) inside(stmt ast.Stmt) bool {
	if branch, ok := stmt.(*ast.IfStmt); ok && branch.Init != nil && d.defining(branch.Init) {
		d.seen += d.count(branch)
		return true
	}
	ok := true
	ast.Inspect(stmt, func(n ast.Node) bool {
		if _, isFunc := n.(*ast.FuncLit); isFunc || !ok {
			return false
		}
		if list := statementsOf(n); list != nil {
			ok = d.list(list)
			return false
		}
		return true
	})
	return ok
}

// count is the number of uses of the variable in a node.
func (d *definer) count(n ast.Node) int {
	uses := 0
	for _, id := range d.s.uses[d.obj] {
		if n.Pos() <= id.Pos() && id.Pos() < n.End() {
			uses++
		}
	}
	return uses
}

// condition simplifies an if statement. It returns the parts of the statement that stay.
func (s *simplifier) condition(stmt *ast.IfStmt) []ast.Node {
	text, answer := s.simple(stmt.Cond)
	switch {
	case answer == nil && text == s.source(stmt.Cond):
		return parts(stmt.Init, stmt.Cond, stmt.Body, stmt.Else)
	case answer == nil:
		s.replace(stmt.Cond.Pos(), stmt.Cond.End(), unparen(text))
		return parts(stmt.Init, stmt.Body, stmt.Else)
	case stmt.Init != nil: // leave it to a person
		return parts(stmt.Init, stmt.Cond, stmt.Body, stmt.Else)
	}
	s.gone = append(s.gone, stmt)
	kept := stmt.Else
	if *answer {
		kept = stmt.Body
	}
	around, isElse := s.up[stmt].(*ast.IfStmt)
	body, isBlock := kept.(*ast.BlockStmt)
	switch {
	case kept == nil && isElse:
		s.replace(around.Body.End(), stmt.End(), "")
	case kept == nil:
		s.remove(stmt.Pos(), stmt.End())
	case isBlock && !isElse:
		s.unwrap(stmt, body)
	default:
		s.replace(stmt.Pos(), kept.Pos(), "")
		s.replace(kept.End(), stmt.End(), "")
	}
	return parts(kept)
}

// parts are those of some nodes that are there.
func parts(nodes ...ast.Node) []ast.Node {
	return slices.DeleteFunc(nodes, func(n ast.Node) bool { return n == nil })
}

// unwrap puts the statements of a block in the place of a statement. Code that cannot be reached any more goes.
func (s *simplifier) unwrap(stmt *ast.IfStmt, body *ast.BlockStmt) {
	end, list := stmt.End(), statementsOf(s.up[stmt])
	if endsInJump(body) && len(list) > 0 {
		end = list[len(list)-1].End()
	}
	if s.isFree(stmt, body, end) {
		s.remove(stmt.Pos(), body.Lbrace+1)
		s.remove(body.Rbrace, end)
		return
	}
	s.replace(stmt.Pos(), body.Pos(), "")
	s.replace(body.End(), end, "")
}

// isFree reports whether the names that a block declares are not those of the block around a statement, and mean nothing
// else after the end of what takes its place.
func (s *simplifier) isFree(stmt *ast.IfStmt, body *ast.BlockStmt, end token.Pos) bool {
	around := s.u.info.Scopes[stmt].Parent()
	inner := s.u.info.Scopes[body]
	return inner != nil && !slices.ContainsFunc(inner.Names(), func(name string) bool {
		_, seen := around.LookupParent(name, token.NoPos)
		return around.Lookup(name) != nil || seen != nil && slices.ContainsFunc(s.uses[seen], func(id *ast.Ident) bool { return end <= id.Pos() && id.Pos() < around.End() })
	})
}

// simple is the text of a condition without operands whose answer is known, or the answer of the whole.
func (s *simplifier) simple(e ast.Expr) (text string, answer *bool) {
	if v, ok := s.known[e]; ok {
		return "", &v
	}
	switch n := e.(type) {
	case *ast.ParenExpr:
		text, answer = s.simple(n.X)
		return "(" + text + ")", answer
	case *ast.BinaryExpr:
		if n.Op == token.LAND || n.Op == token.LOR {
			return s.joined(n)
		}
	}
	return s.source(e), nil
}

func (s *simplifier) joined(n *ast.BinaryExpr) (string, *bool) {
	x, xAnswer := s.simple(n.X)
	y, yAnswer := s.simple(n.Y)
	decides := n.Op == token.LOR // the answer of one operand that decides
	switch {
	case xAnswer != nil && *xAnswer == decides:
		return "", xAnswer
	case xAnswer != nil:
		return y, yAnswer
	case yAnswer != nil && *yAnswer != decides:
		return x, nil
	case yAnswer != nil: // the first operand may have an effect
		return s.source(n), nil
	}
	between := s.text[int(n.X.End())-s.base : int(n.Y.Pos())-s.base]
	return x + string(between) + y, nil
}

// unparen takes the parentheses around a whole condition away.
func unparen(text string) string {
	if !strings.HasPrefix(text, "(") || !strings.HasSuffix(text, ")") {
		return text
	}
	depth := 0
	for _, c := range text[:len(text)-1] {
		switch c {
		case '(':
			depth++
		case ')':
			depth--
		case '"', '\'', '`':
			return text
		}
		if depth == 0 {
			return text
		}
	}
	return text[1 : len(text)-1]
}
