package migrate

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/format"
	"go/token"
	"go/types"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/sessiongen/sessiongen/internal/golist"
)

// A target is the new schema of one session.
type target struct {
	session  string // of the session in the old program
	typeName string // of the struct; its first letter is small
	fields   []*field
	names    map[*field]string
	keys     map[*field]string // as tags have them
}

func (t *target) generated() string { return upper(t.typeName) }

const inCookie = ", in the cookie "

// which says which session a schema is for. Later runs read the cookie's name there, as no call has it any more.
func (t *target) which(several bool) string {
	switch {
	case t.session == "":
		return ""
	case !t.fields[0].lib.managed && !strings.ContainsAny(t.session, "<$"):
		return inCookie + strconv.Quote(t.session)
	case several:
		return ", " + t.session
	}
	return ""
}

// A home is the package for the schemas.
type home struct {
	path, name, dir string
	fresh           bool // a new package
	file            string
}

const generatedName = "session_gen.go"

// inTheWay is the generated code that the package has already, "" if it has none. A home may be nil.
func (h *home) inTheWay() string {
	if h == nil || !exists(filepath.Join(h.dir, generatedName)) {
		return ""
	}
	return filepath.Join(h.dir, generatedName)
}

// generated is the file with the accessors. Beside generated code that is there already, it is only type-checked.
func (h *home) generated() string {
	if h.inTheWay() != "" {
		return filepath.Join(h.dir, "session_gen_unwritten.go")
	}
	return filepath.Join(h.dir, generatedName)
}

// initialisms are written in capitals in Go names.
var initialisms = map[string]bool{"id": true, "url": true, "csrf": true, "api": true, "ip": true, "http": true, "uuid": true, "mfa": true,
	"totp": true, "html": true, "json": true, "uri": true, "ttl": true, "uid": true, "sso": true, "jwt": true}

// goName makes an exported Go name from a key.
func goName(key string) string {
	var words []string
	var word []rune
	flush := func() {
		if len(word) > 0 {
			words = append(words, string(word))
		}
		word = nil
	}
	var last rune
	for _, r := range key {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			flush()
		case unicode.IsUpper(r) && unicode.IsLower(last):
			flush()
			word = append(word, r)
		default:
			word = append(word, r)
		}
		last = r
	}
	flush()
	var b strings.Builder
	for _, w := range words {
		low := strings.ToLower(w)
		switch {
		case initialisms[low]:
			b.WriteString(strings.ToUpper(w))
		default:
			b.WriteString(upper(low))
		}
	}
	name := b.String()
	if !token.IsExported(name) { // a digit, or a letter of a script without upper case
		name = "Key" + name
	}
	return name
}

func upper(s string) string {
	if s == "" {
		return s
	}
	r := []rune(s)
	r[0] = unicode.ToUpper(r[0])
	return string(r)
}

func lower(s string) string {
	r := []rune(s)
	for i := range r {
		if i > 0 && i+1 < len(r) && unicode.IsLower(r[i+1]) {
			break
		}
		r[i] = unicode.ToLower(r[i])
	}
	return string(r)
}

// wireKey is the key with underscores for the characters that a tag does not allow.
func wireKey(key string) string {
	key = strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_.:-", r)) {
			return r
		}
		return '_'
	}, key)
	if key == "-" { // this tag leaves a field out
		return "_"
	}
	return key
}

// name gives the fields of a schema their names and keys. Keys that need no change come first.
func (t *target) name() {
	t.names, t.keys = map[*field]string{}, map[*field]string{}
	taken, keys := map[string]bool{}, map[string]*field{}
	for _, d := range t.fields {
		if name := d.key.name; wireKey(name) == name && keys[name] == nil {
			keys[name] = d
		}
	}
	for _, d := range t.fields {
		name := goName(d.key.name)
		for n := 2; taken[name] || name == "Permanent"; n++ { // every session has SetPermanent
			name = fmt.Sprint(goName(d.key.name), n)
		}
		taken[name] = true
		t.names[d] = name
		key := wireKey(d.key.name)
		for n := 2; keys[key] != nil && keys[key] != d; n++ {
			key = fmt.Sprint(wireKey(d.key.name), n)
		}
		keys[key] = d
		t.keys[d] = key
	}
}

// schemaSource returns the file with the schemas, and with the types that move there.
func (r *rewriter) schemaSource() ([]byte, error) {
	h, imports := r.home, map[string]bool{}
	var body strings.Builder
	for _, t := range r.targets {
		fmt.Fprintf(&body, "\n// %s is what the site remembers about a visitor%s.\ntype %s struct {\n", t.typeName, t.which(len(r.targets) > 1), t.typeName)
		for _, d := range t.fields {
			typ, options := r.typeAtHome(d.typ, imports), ""
			if d.flash {
				typ, options = "[]"+typ, ",flash"
			}
			if d.partial {
				options += ",partial"
			}
			fmt.Fprintf(&body, "\t%s %s `session:%q`\n", t.names[d], typ, t.keys[d]+options)
		}
		body.WriteString("}\n")
	}
	for _, m := range r.movedTypes() {
		body.WriteString(m.source(r.p))
		maps.Copy(imports, m.imports)
	}
	var head strings.Builder
	if h.fresh {
		fmt.Fprintf(&head, "// Package %s has the sessions of the site.\n", h.name)
	}
	fmt.Fprintf(&head, "package %s\n", h.name)
	if len(imports) > 0 {
		head.WriteString("\nimport (\n")
		for _, p := range slices.Sorted(maps.Keys(imports)) {
			fmt.Fprintf(&head, "\t%q\n", p)
		}
		head.WriteString(")\n")
	}
	head.WriteString("\n//go:generate go tool sessiongen\n")
	return format.Source([]byte(head.String() + body.String()))
}

// inOneModule sets the program's module to the module of the packages that will import the schemas. A workspace may
// have several modules.
func (r *rewriter) inOneModule(users map[string]*unit) error {
	modules := map[string]golist.Module{}
	for _, u := range users {
		modules[u.listed.Module.Path] = *u.listed.Module
	}
	paths := slices.Sorted(maps.Keys(modules))
	if len(paths) > 1 {
		return fmt.Errorf("the modules %s use the same sessions: choose a package for the schemas that all of them can import with -package", strings.Join(paths, " and "))
	}
	for _, path := range paths { // none if only tests use sessions
		r.p.module = modules[path]
	}
	return nil
}

// users are the packages that use sessions.
func (r *rewriter) users() map[string]*unit {
	users := map[string]*unit{}
	for _, s := range r.sites {
		if !s.at.in.tests {
			users[s.at.in.path] = s.at.in
		}
	}
	return users
}

// schemaFields lists the fields of all schemas.
func (r *rewriter) schemaFields() []*field {
	var list []*field
	for _, t := range r.targets {
		list = append(list, t.fields...)
	}
	return list
}

// storeUsers adds the packages that make a store or declare something that holds one: they will hold the manager.
func (r *rewriter) storeUsers(users map[string]*unit) {
	for _, m := range r.makers() {
		if !m.at.in.tests {
			users[m.at.in.path] = m.at.in
		}
	}
	for _, u := range r.p.units {
		for _, file := range u.files {
			ast.Inspect(file, func(n ast.Node) bool {
				if sel, ok := n.(*ast.SelectorExpr); ok && !u.tests && users[u.path] == nil {
					if t := r.p.typeAt(u, sel); t != nil && isStoreOfLibrary(t, u) && !r.inStore(value{sel, u, whole}) {
						users[u.path] = u
					}
				}
				return true
			})
		}
	}
}

// chosen is the package that the user asked for.
func (r *rewriter) chosen(path string) (*home, error) {
	if u := r.p.unit(path); u != nil {
		return &home{path: u.path, name: u.name, dir: u.dir, file: r.free(u)}, nil
	}
	modules := r.ownModules()
	var below string
	for _, m := range slices.Sorted(maps.Keys(modules)) { // of nested ones, the inner one comes later
		if rest, ok := strings.CutPrefix(path, m+"/"); ok {
			r.p.module, below = modules[m], rest
		}
	}
	name := path[strings.LastIndex(path, "/")+1:]
	if below == "" || !token.IsIdentifier(name) {
		return nil, fmt.Errorf("-package %s: want the path of a package of module %s", path, strings.Join(slices.Sorted(maps.Keys(modules)), " or "))
	}
	dir := filepath.Join(r.p.module.Dir, filepath.FromSlash(below))
	return &home{path: path, name: name, dir: dir, fresh: !exists(dir), file: filepath.Join(dir, "session.go")}, nil
}

// ownModules are the modules of the program, by path: a workspace may have several.
func (r *rewriter) ownModules() map[string]golist.Module {
	modules := map[string]golist.Module{}
	for _, l := range r.p.listed {
		if own(l) {
			modules[l.Module.Path] = *l.Module
		}
	}
	return modules
}

// leaf is a new package. No file of the program uses its name for something else.
func (r *rewriter) leaf() *home {
	for _, name := range []string{"websession", "sessiondata", "visitor", "appsession"} {
		dir := filepath.Join(r.p.module.Dir, "internal", name)
		if !r.identifiers()[name] && !exists(dir) {
			return &home{path: path.Join(r.p.module.Path, "internal", name), name: name, dir: dir, fresh: true, file: filepath.Join(dir, "session.go")}
		}
	}
	return nil
}

// free is an unused file name.
func (r *rewriter) free(u *unit) string {
	for _, name := range []string{"session.go", "session_schema.go", "session_fields.go"} {
		if file := filepath.Join(u.dir, name); !exists(file) {
			return file
		}
	}
	return filepath.Join(u.dir, "sessiongen_schema.go")
}

// identifiers are all names in the program.
func (r *rewriter) identifiers() map[string]bool {
	if r.idents == nil {
		r.idents = map[string]bool{}
		for _, u := range r.p.units {
			for id := range u.info.Defs {
				r.idents[id.Name] = true
			}
			for id := range u.info.Uses {
				r.idents[id.Name] = true
			}
		}
	}
	return r.idents
}

// packagesOf lists the packages of the types that a type names.
func packagesOf(t types.Type) []*types.Package {
	var list []*types.Package
	types.TypeString(t, func(p *types.Package) string {
		list = append(list, p)
		return p.Name()
	})
	return list
}

// reachesUser reports whether a package imports one of those that will import the schemas.
func (r *rewriter) reachesUser(path string, users map[string]*unit) bool {
	l := r.p.listed[path]
	if users[path] != nil {
		return true
	}
	return l != nil && slices.ContainsFunc(l.Deps, func(dep string) bool { return users[dep] != nil })
}

// group groups the fields by their sessions.
func (r *rewriter) group() {
	bySession := map[string]*target{}
	for _, d := range r.fields() {
		if d.dynamic {
			continue
		}
		t := bySession[d.session]
		if t == nil {
			t = &target{session: d.session}
			bySession[d.session] = t
			r.targets = append(r.targets, t)
		}
		t.fields = append(t.fields, d)
		r.target[d] = t
	}
	slices.SortFunc(r.targets, func(a, b *target) int { return cmp.Compare(a.session, b.session) })
	for _, t := range r.targets {
		if t.session != unknownSession && !isComputed(t.session) { // those may be any of the others
			r.kinds++
		}
	}
}

// nameTargets gives each schema a name that is free in its package.
func (r *rewriter) nameTargets(wanted map[string]string) {
	taken := r.takenNames()
	taken[anySession] = true // for functions whose callers name the session
	free := func(name string) bool {
		g := upper(name)
		return !taken[name] && !taken[g] && !r.identifiers()[g+"From"] && !taken[g+"Manager"] && !taken["New"+g+"Manager"] && !token.IsKeyword(name)
	}
	for _, t := range r.targets {
		name := "session"
		if len(r.targets) > 1 && t.session != "" {
			name = lower(goName(t.nameForType()))
			if !strings.HasSuffix(strings.ToLower(name), "session") {
				name += "Session"
			}
		}
		if w := wanted[t.session]; w != "" {
			name = lower(w)
		}
		base := upper(name)
		for _, prefix := range []string{"web", "visitor", "site", "their", "other"} {
			if free(name) {
				break
			}
			name = prefix + base
		}
		taken[name] = true
		t.typeName = name
		t.name()
	}
}

// nameForType is the part of a session's name that does not come from the configuration, if there is any.
func (t *target) nameForType() string {
	var fixed []string
	for i, part := range strings.Split(t.session, "$") {
		if i > 0 {
			part = strings.TrimLeftFunc(part, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '.' || r == '_' })
		}
		fixed = append(fixed, part)
	}
	if name := strings.Join(fixed, " "); strings.ContainsFunc(name, unicode.IsLetter) {
		return name
	}
	return t.session[strings.LastIndexAny(t.session, "$.")+1:]
}

// takenNames lists the names in the schemas' package, and those of its imports.
func (r *rewriter) takenNames() map[string]bool {
	taken := map[string]bool{}
	for _, m := range r.movedTypes() {
		taken[m.name] = true
	}
	for _, u := range r.p.units {
		if u.dir != r.home.dir {
			continue
		}
		for _, name := range u.types.Scope().Names() {
			taken[name] = true
		}
		for _, f := range u.files {
			for _, spec := range f.Imports {
				for _, name := range importedNames(u, spec) {
					taken[name] = true
				}
			}
		}
	}
	return taken
}

// importedNames lists the names that an import declares in its file.
func importedNames(u *unit, spec *ast.ImportSpec) []string {
	switch name := u.info.PkgNameOf(spec); {
	case name != nil && name.Name() == ".":
		return name.Imported().Scope().Names()
	case name != nil:
		return []string{name.Name()}
	case spec.Name != nil:
		return []string{spec.Name.Name}
	}
	return nil
}
