package migrate

import (
	"cmp"
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/sessiongen/sessiongen/gen"
	"github.com/sessiongen/sessiongen/internal/code"
	"github.com/sessiongen/sessiongen/schema"
)

const runtimePath = "github.com/sessiongen/sessiongen/runtime"

// A File is a file to write. Old is nil if the file is new.
type File struct {
	Path     string // absolute
	Old, New []byte
}

// A draft is the program with the changes applied.
type draft struct {
	r      *rewriter
	extra  map[string][]byte // new files
	pieces map[string][]piece
	texts  map[string][]byte
	known  map[string]bool // type errors of the program as it was
	late   []*change       // changes that follow from others
	lost   map[*change]bool
	wired  []*change        // changes of the wiring
	needs  []fileImport     // of the wiring
	idle   map[*change]bool // changes of code that goes as nothing needs it
	open   map[string]bool  // type errors in the report

	branches []string // notes of simplify

	imported map[*ast.File]bool // files whose import of the new package another edit adds
	dropped  map[ast.Spec]bool  // imports that are removed
	unneeded map[*ast.File]bool // files that turn out not to need it
}

func newDraft(r *rewriter) *draft {
	d := &draft{r: r, extra: map[string][]byte{}, known: map[string]bool{}, open: map[string]bool{}, idle: map[*change]bool{}, lost: map[*change]bool{}, imported: map[*ast.File]bool{}, dropped: map[ast.Spec]bool{},
		unneeded: map[*ast.File]bool{}}
	for _, u := range slices.Concat(r.p.units, r.p.tests) {
		for _, e := range u.errors {
			d.known[d.errorKey(e)] = true
		}
	}
	return d
}

func (d *draft) errorKey(e types.Error) string {
	return d.r.p.place(e.Pos).Filename + ":" + e.Msg
}

// assemble applies the changes. If two overlap, the longer one wins.
func (d *draft) assemble() {
	var all []piece
	for _, c := range slices.Concat(d.r.changes, d.late, d.wired) {
		if !d.lost[c] {
			for _, e := range c.edits {
				all = append(all, piece{edit: e, change: c})
			}
		}
	}
	all = append(all, d.imports()...)
	slices.SortStableFunc(all, func(a, b piece) int { return cmp.Compare(b.to-b.from, a.to-a.from) })
	byFile := map[string][]piece{}
	dropped := map[*change]bool{}
	gone := map[*change]bool{} // the code that they change is removed
	for _, p := range all {
		if i := slices.IndexFunc(byFile[p.file], func(q piece) bool { return p.overlap(q.edit) }); i >= 0 {
			dropped[p.change] = true
			winner := byFile[p.file][i]
			d.idle[p.change] = winner.text == "" && winner.change.unneeded
			gone[p.change] = winner.text == "" && p.change.site != nil && !p.change.site.verb.keyed()
			continue
		}
		byFile[p.file] = append(byFile[p.file], p)
	}
	d.pieces, d.texts = map[string][]piece{}, map[string][]byte{}
	for file, list := range byFile {
		list = slices.DeleteFunc(list, func(p piece) bool { return dropped[p.change] })
		list = append(list, d.comments(file, list)...)
		d.texts[file], d.pieces[file] = apply(d.r.p.source[file], list)
	}
	for c := range dropped {
		d.lost[c] = true
		if c.site != nil && !gone[c] {
			d.r.leave(c.at, c.site.what(), refusal{"it stands within another site", "call its accessor before"})
		}
	}
}

// imports adds the imports of the new package and those that the wiring needs.
func (d *draft) imports() []piece {
	paths := map[*ast.File][]string{}
	for f := range d.r.defined {
		if !d.imported[f] && !d.unneeded[f] {
			paths[f] = append(paths[f], d.r.home.path)
		}
	}
	for _, i := range d.needs {
		paths[i.file] = append(paths[i.file], i.path)
	}
	var list []piece
	for f, wanted := range paths {
		wanted = slices.DeleteFunc(wanted, func(path string) bool { return d.keepsImport(f, path) })
		for _, e := range d.r.p.addImports(f, wanted, func(spec *ast.ImportSpec) bool { return d.dropped[spec] }) {
			list = append(list, piece{edit: e, change: &change{fixed: true}})
		}
	}
	return list
}

// keepsImport reports whether a file has an import of a package, under its own name, that stays.
func (d *draft) keepsImport(f *ast.File, path string) bool {
	return slices.ContainsFunc(f.Imports, func(spec *ast.ImportSpec) bool {
		return spec.Path.Value == strconv.Quote(path) && spec.Name == nil && !d.dropped[spec]
	})
}

// imports reports whether a file imports a package under its own name.
func imports(f *ast.File, path string) bool {
	return slices.ContainsFunc(f.Imports, func(spec *ast.ImportSpec) bool { return spec.Path.Value == strconv.Quote(path) && spec.Name == nil })
}

// importsBeside reports whether a file keeps another import of the program's own module: new ones go there.
func (d *draft) importsBeside(f *ast.File) bool {
	return slices.ContainsFunc(f.Imports, func(spec *ast.ImportSpec) bool {
		path, err := strconv.Unquote(spec.Path.Value)
		return err == nil && d.r.p.originOf(path) == ownModule && !d.dropped[spec]
	})
}

// check type-checks the draft, and returns its new errors.
func (d *draft) check() []types.Error {
	b := d.builder()
	for _, u := range d.r.p.units {
		if u.tests {
			b.tests(u)
		}
	}
	return d.news(b)
}

// leaveTests reports errors in tests that are not rewritten.
func (d *draft) leaveTests() {
	b := d.builder()
	b.errors = nil
	for _, u := range d.r.p.tests {
		b.tests(u)
	}
	for _, e := range d.news(b) {
		pos := d.r.p.place(e.Pos)
		if isTest(pos.Filename) {
			pos.Filename = relative(d.r.p.dir, pos.Filename)
			d.r.left = append(d.r.left, Left{pos, firstLine(e.Msg), "the test does not compile any more", "restore the files and run it with -tests, or call the accessors by hand"})
		}
	}
}

// leaveGenerated reports the changed files that another generator writes.
func (d *draft) leaveGenerated() {
	for name, text := range d.texts {
		_, f := d.syntax(name)
		if f != nil && ast.IsGenerated(f) && string(text) != string(d.r.p.source[name]) {
			d.r.leave(value{expr: f.Name}, "a generated file", refusal{"its generator will write the old uses again", "change what generates it"})
		}
	}
}

// news lists the errors of a builder that the program did not have before.
func (d *draft) news(b *builder) []types.Error {
	seen := map[string]bool{} // a package is checked again with its tests
	return slices.DeleteFunc(b.errors, func(e types.Error) bool {
		at := fmt.Sprint(e.Pos, e.Msg)
		again := seen[at]
		seen[at] = true
		return again || d.known[d.errorKey(e)]
	})
}

// builder type-checks the packages of the draft, without their tests.
func (d *draft) builder() *builder {
	next := &program{dir: d.r.p.dir, fset: d.r.p.fset, module: d.r.p.module, listed: d.r.p.listed,
		checked: map[string]*types.Package{}, syntax: map[string]*ast.File{}, source: map[string][]byte{}, ondisk: map[string][]byte{}, overlay: map[string][]byte{}}
	for name, text := range d.texts {
		next.overlay[name] = text
	}
	for name, text := range d.extra {
		next.overlay[name] = text
	}
	for path, pkg := range d.r.p.checked {
		if d.r.p.unit(path) == nil {
			next.checked[path] = pkg
		}
	}
	b := &builder{p: next, old: d.r.p, extra: d.extra, home: d.r.home, busy: map[string]bool{}, tested: map[string]*types.Package{}}
	for _, u := range d.r.p.units {
		if !u.tests {
			b.own(u.path)
		}
	}
	return b
}

// A builder type-checks the packages of a program again, each after its imports.
type builder struct {
	p, old *program
	extra  map[string][]byte
	home   *home
	busy   map[string]bool
	errors []types.Error
	units  map[string]*unit
	tested map[string]*types.Package // by path, the packages with their tests
}

func (b *builder) Import(path string) (*types.Package, error) {
	if b.old.unit(path) != nil || path == b.home.path {
		if b.busy[path] {
			return nil, errors.New("import cycle not allowed")
		}
		if pkg := b.own(path); pkg != nil {
			return pkg, nil
		}
	}
	if pkg := b.p.checked[path]; pkg != nil {
		return pkg, nil
	}
	if pkg := b.old.dependency(path); pkg != nil {
		return pkg, nil
	}
	return nil, notThere(path)
}

func (b *builder) own(path string) *types.Package {
	if pkg := b.p.checked[path]; pkg != nil {
		return pkg
	}
	b.busy[path] = true
	defer delete(b.busy, path)
	u := &unit{path: path, name: b.home.name, dir: b.home.dir, goVersion: "go1.26"}
	if old := b.old.unit(path); old != nil {
		*u = *old
	}
	u.names = slices.Clone(u.names)
	for name := range b.extra {
		if filepath.Dir(name) == u.dir && !slices.Contains(u.names, name) && !isTest(name) {
			u.names = append(u.names, name)
		}
	}
	u.files = b.p.parse(u.names, u.name)
	u.all = u.files
	b.check(u)
	b.p.checked[path] = u.types
	return u.types
}

func (b *builder) tests(old *unit) {
	u := *old
	u.names = slices.Clone(u.names)
	for name := range b.extra {
		if filepath.Dir(name) == u.dir && isTest(name) {
			u.names = append(u.names, name)
		}
	}
	u.files = b.p.parse(u.names, u.name)
	u.all = u.files
	if strings.HasSuffix(u.path, "_test") && strings.HasSuffix(u.name, "_test") {
		b.external(&u)
	} else {
		base := b.old.unit(u.path)
		names := slices.Clone(base.names)
		for name := range b.extra {
			if filepath.Dir(name) == u.dir && !isTest(name) {
				names = append(names, name)
			}
		}
		u.all = append(b.p.parse(names, u.name), u.files...)
		b.check(&u)
		b.tested[u.path] = u.types
	}
}

func isTest(name string) bool { return strings.HasSuffix(name, "_test.go") }

func (b *builder) check(u *unit) {
	u.info = &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}, Scopes: map[ast.Node]*types.Scope{}}
	conf := types.Config{
		Importer: mappedImporter{b, u}, FakeImportC: true, GoVersion: u.goVersion,
		Error: func(err error) {
			if e, ok := errors.AsType[types.Error](err); ok {
				b.errors = append(b.errors, e)
			}
		},
	}
	u.types, _ = conf.Check(u.path, b.p.fset, u.all, u.info)
	if b.units == nil {
		b.units = map[string]*unit{}
	}
	b.units[u.path] = u
}

// A mappedImporter imports for one package: vendored paths differ.
type mappedImporter struct {
	b *builder
	u *unit
}

func (m mappedImporter) Import(path string) (*types.Package, error) {
	if m.u.listed != nil {
		path = m.u.listed.Imported(path)
	}
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	return m.b.Import(path)
}

// settle takes changes back until every type error is in the report.
func (d *draft) settle() {
	const rounds = 8 // taking a change back may uncover another error
	for range rounds {
		d.assemble()
		errs := d.check()
		if !d.takeBack(errs) {
			d.remaining(errs)
			return
		}
	}
	d.remaining(d.check())
}

// takeBack takes changes back and tidies up. It reports whether it changed anything.
func (d *draft) takeBack(errs []types.Error) bool {
	changed := false
	for _, e := range errs {
		file, offset := d.place(e.Pos)
		old, p := oldOffset(d.pieces[file], offset)
		if d.tidy(file, old, p, e.Msg) {
			changed = true
			continue
		}
		c := d.culprit(file, offset, p)
		if c == nil || c.fixed || d.lost[c] {
			continue
		}
		d.lost[c], changed = true, true
		what := "a use of the session"
		if c.site != nil {
			what = c.site.what()
		}
		d.r.leave(c.at, what, refusal{"the rewritten program would not compile: " + e.Msg, "call the accessor by hand"})
	}
	return changed
}

func (d *draft) place(pos token.Pos) (string, int) {
	f := d.r.p.fset.File(pos)
	if f == nil {
		return "", 0
	}
	return f.Name(), f.Offset(pos)
}

// culprit is the change that causes an error: the one around it, or the one on its line.
func (d *draft) culprit(file string, offset int, in *piece) *change {
	if in != nil && in.change.at.expr != nil {
		return in.change
	}
	text := d.texts[file]
	if offset > len(text) {
		return nil
	}
	from, to := strings.LastIndexByte(string(text[:offset]), '\n'), strings.IndexByte(string(text[offset:]), '\n')
	if to < 0 {
		to = len(text) - offset
	}
	for _, p := range d.pieces[file] {
		if p.at > from && p.at < offset+to && p.change.at.expr != nil && !p.change.fixed {
			return p.change
		}
	}
	return nil
}

// tidy removes an import or variable that is no longer used.
func (d *draft) tidy(file string, old int, in *piece, msg string) bool {
	switch {
	case in != nil && strings.HasSuffix(msg, "imported and not used"):
		_, f := d.syntax(file)
		done := f != nil && !d.unneeded[f]
		d.unneeded[f] = true
		return done
	case in != nil:
		return false
	case strings.HasSuffix(msg, "imported and not used") || strings.Contains(msg, "imported as ") && strings.HasSuffix(msg, "and not used"):
		return d.dropImport(file, old)
	case strings.HasPrefix(msg, "declared and not used: "):
		return d.dropVariable(file, old)
	}
	return false
}

func (d *draft) syntax(file string) (*unit, *ast.File) {
	for _, u := range d.r.p.units {
		for i, f := range u.files {
			if u.names[min(i, len(u.names)-1)] == file || d.r.p.fset.File(f.FileStart).Name() == file {
				return u, f
			}
		}
	}
	return nil, nil
}

func (d *draft) dropImport(file string, old int) bool {
	_, f := d.syntax(file)
	if f == nil {
		return false
	}
	for _, spec := range f.Imports {
		_, from := d.r.p.offset(spec.Pos())
		_, to := d.r.p.offset(spec.End())
		if from <= old && old <= to {
			var e edit
			first, _, _ := strings.Cut(spec.Path.Value, "/")
			standard := !strings.Contains(first, ".")
			if d.r.defined[f] && !d.imported[f] && !d.unneeded[f] && !standard && !imports(f, d.r.home.path) && !d.importsBeside(f) { // the new import replaces it
				e = d.r.p.replace(spec, strconv.Quote(d.r.home.path))
				d.imported[f] = true
			} else {
				e = d.removeImport(f, spec)
			}
			d.late = append(d.late, &change{fixed: true, unneeded: true, edits: []edit{e}})
			return true
		}
	}
	return false
}

// removeImport removes an import with its comments, and the whole declaration with its last import.
func (d *draft) removeImport(f *ast.File, spec *ast.ImportSpec) edit {
	d.dropped[spec] = true
	from, to := spec.Pos(), spec.End()
	if spec.Doc != nil {
		from = spec.Doc.Pos()
	}
	if spec.Comment != nil {
		to = spec.Comment.End()
	}
	for _, decl := range f.Decls {
		g, ok := decl.(*ast.GenDecl)
		if ok && g.Pos() <= spec.Pos() && spec.End() <= g.End() && !slices.ContainsFunc(g.Specs, func(s ast.Spec) bool { return !d.dropped[s] }) {
			from, to = g.Pos(), max(to, g.End())
		}
	}
	return d.r.p.removeRange(from, to)
}

// dropVariable removes a variable that nothing uses, with what gives its value if that has no effect.
func (d *draft) dropVariable(file string, old int) bool {
	u, f := d.syntax(file)
	if f == nil {
		return false
	}
	done := false
	ast.Inspect(f, func(n ast.Node) bool {
		assign, ok := n.(*ast.AssignStmt)
		if !ok || assign.Tok != token.DEFINE {
			return true
		}
		for i, l := range assign.Lhs {
			if _, at := d.r.p.offset(l.Pos()); at == old {
				d.late = append(d.late, d.unused(u, assign, i))
				done = true
			}
		}
		return true
	})
	return done
}

// unused is the change of a statement whose variable i nothing uses.
func (d *draft) unused(u *unit, assign *ast.AssignStmt, i int) *change {
	l := assign.Lhs[i]
	alone := !slices.ContainsFunc(assign.Lhs, func(other ast.Expr) bool { return other != l && !isBlank(other) })
	removed := alone && d.r.inBlock(assign)
	switch {
	case d.r.inBlock(assign) && d.acquires(assign) && (len(assign.Lhs) == 1 || len(assign.Lhs) == 2 && i == 0):
		return &change{fixed: true, edits: []edit{d.r.p.remove(assign)}}
	case removed && len(assign.Lhs) == 1 && isName(assign.Rhs[0]):
		return &change{fixed: true, edits: []edit{d.r.p.remove(assign)}}
	case removed && len(assign.Rhs) == 1 && !d.r.hasEffect(u, assign.Rhs[0]):
		return &change{fixed: true, unneeded: true, edits: []edit{d.r.p.remove(assign)}}
	}
	c := &change{fixed: true, unneeded: true}
	if call, ok := ast.Unparen(assign.Rhs[0]).(*ast.CallExpr); !ok || !makesStore(u, call) { // the report names these
		c.note = d.r.p.position(value{l, u, whole}) + ": nothing uses " + d.r.p.text(l) + " any more: what gives its value stays, as it may do more"
	}
	if alone {
		c.edits = []edit{d.r.p.replaceRange(l.Pos(), l.End(), "_"), d.r.p.replaceRange(assign.TokPos, assign.TokPos+2, "=")}
	} else {
		c.edits = []edit{d.r.p.replace(l, "_")}
	}
	return c
}

// acquires reports whether a statement only gets a session.
func (d *draft) acquires(assign *ast.AssignStmt) bool {
	call, ok := ast.Unparen(assign.Rhs[0]).(*ast.CallExpr)
	if !ok {
		return false
	}
	u, _ := d.syntax(d.r.p.place(assign.Pos()).Filename)
	_, ok = d.r.acquisitionOf(u, call)
	return ok
}

// remaining reports the errors that are left, except on lines that the report already mentions.
func (d *draft) remaining(errs []types.Error) {
	said := map[string]bool{}
	line := func(pos token.Position) string { return fmt.Sprint(pos.Filename, ":", pos.Line) }
	for _, l := range d.r.left {
		said[line(l.Pos)] = true
	}
	for _, e := range errs {
		d.open[d.errorKey(e)] = true
		file, offset := d.place(e.Pos)
		old, _ := oldOffset(d.pieces[file], offset)
		pos := d.position(file, old)
		if said[line(pos)] {
			continue
		}
		said[line(pos)] = true
		d.r.left = append(d.r.left, broken(pos, e))
	}
}

// firstLine returns the first line of a type error, because the report has one line for each.
func firstLine(msg string) string {
	line, _, _ := strings.Cut(msg, "\n")
	return line
}

// broken is the report of a type error.
func broken(pos token.Position, e types.Error) Left {
	return Left{pos, firstLine(e.Msg), "this does not compile any more", "use the session's accessors"}
}

// files lists the files to write.
func (d *draft) files() ([]File, error) {
	var list []File
	if err := d.linked(); err != nil {
		return nil, err
	}
	for name, text := range d.texts {
		text, err := formatLike(d.r.p.source[name], text)
		if err != nil {
			return nil, fmt.Errorf("%s: the rewritten file does not parse: %w", relative(d.r.p.dir, name), err)
		}
		if string(d.r.p.source[name]) != string(text) {
			old := d.r.p.ondisk[name]
			list = append(list, File{name, old, like(old, text)})
		}
	}
	for name, text := range d.extra {
		list = append(list, File{Path: name, New: text})
	}
	slices.SortFunc(list, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	return list, nil
}

// generate makes the schemas' file and the accessors. Fields whose types cannot be stored are left out, which may
// leave nothing.
func (d *draft) generate() error {
	r := d.r
	for len(r.targets) > 0 {
		src, err := r.schemaSource()
		if err != nil {
			return err
		}
		d.extra = map[string][]byte{r.home.file: src}
		d.texts = map[string][]byte{}
		u := d.checkHome()
		if u == nil {
			return fmt.Errorf("package %s could not be checked", r.home.path)
		}
		schemas, findings := schema.Inspect(d.source(u), nil)
		if len(findings) == 0 {
			text, err := gen.Generate(d.generated(u, schemas))
			d.extra[r.home.generated()] = text
			return err
		}
		if !d.unstorable(src, findings) {
			return findings
		}
	}
	return nil
}

// source is the schemas' package in the form that package schema takes.
func (d *draft) source(u *unit) schema.Source {
	source := schema.Source{Dir: d.r.p.dir, Fset: d.r.p.fset, Files: u.files, Types: u.types, Info: u.info}
	for _, f := range u.files {
		if d.r.p.fset.File(f.FileStart).Name() == d.r.home.file {
			source.Schemas = []*ast.File{f}
		}
	}
	return source
}

// generated is the schemas' package in the form that package gen takes.
func (d *draft) generated(u *unit, schemas []*schema.Schema) *schema.Package {
	pkg := &schema.Package{Name: u.name, Path: u.path, Dir: d.r.home.dir, Types: u.types, Schemas: schemas, Output: generatedName,
		Declared: map[string]bool{}, Imported: map[string]bool{}}
	for _, name := range u.types.Scope().Names() {
		pkg.Declared[name] = true
	}
	for _, f := range u.files {
		for _, spec := range f.Imports {
			if spec.Name != nil {
				pkg.Imported[spec.Name.Name] = true
			}
		}
	}
	return pkg
}

func (d *draft) checkHome() *unit {
	next := &program{dir: d.r.p.dir, fset: d.r.p.fset, module: d.r.p.module, listed: d.r.p.listed,
		checked: map[string]*types.Package{}, syntax: map[string]*ast.File{}, source: map[string][]byte{}, ondisk: map[string][]byte{}, overlay: d.extra}
	for path, pkg := range d.r.p.checked {
		if path != d.r.home.path {
			next.checked[path] = pkg
		}
	}
	b := &builder{p: next, old: d.r.p, extra: d.extra, home: d.r.home, busy: map[string]bool{}}
	b.own(d.r.home.path)
	return b.units[d.r.home.path]
}

// unstorable takes fields with findings out of the schemas, unless an option solves the problem. It reports whether
// there were any.
func (d *draft) unstorable(src []byte, findings schema.Findings) bool {
	lines := strings.Split(string(src), "\n")
	found := false
	for _, f := range findings {
		if f.Pos.Line > len(lines) {
			continue
		}
		fields := strings.Fields(lines[f.Pos.Line-1])
		for _, t := range d.r.targets {
			if structAround(lines[:f.Pos.Line]) != t.typeName {
				continue
			}
			t.fields = slices.DeleteFunc(t.fields, func(x *field) bool {
				bad := len(fields) > 1 && fields[0] == t.names[x]
				found = found || bad
				if bad && f.Code == code.UnexportedMembers && !x.partial {
					x.partial = true // the old library did not keep them either
					return false
				}
				if bad {
					x.unstorable = f.Message
				}
				return bad
			})
		}
	}
	d.r.targets = slices.DeleteFunc(d.r.targets, func(t *target) bool { return len(t.fields) == 0 })
	return found
}

// structAround returns the name of the struct around the last of some lines of a schemas' file.
func structAround(lines []string) string {
	for _, line := range slices.Backward(lines) {
		if decl, ok := strings.CutPrefix(line, "type "); ok {
			name, _, _ := strings.Cut(decl, " ")
			return name
		}
	}
	return ""
}

// lostSite reports whether a site's change was taken back.
func (d *draft) lostSite(s *site) bool {
	return slices.ContainsFunc(d.r.changes, func(c *change) bool { return c.site == s && d.lost[c] })
}

func (r *rewriter) sorted() []Left {
	slices.SortStableFunc(r.left, func(a, b Left) int {
		return cmp.Or(cmp.Compare(a.Pos.Filename, b.Pos.Filename), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Column, b.Pos.Column), cmp.Compare(a.What, b.What))
	})
	return slices.Compact(r.left)
}
