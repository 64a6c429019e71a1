package migrate

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/format"
	"go/types"
	"go/version"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A recipe writes the function that makes the new managers where a maker made the old store.
type recipe struct {
	*carried
	name       string
	params     []parameter
	imports    map[string]string // names by path, "" for the package's own
	before     []string          // statements whose errors are checked
	client     string            // statements that make the store's client, "" for none
	config     []element
	notes      []string
	legacyKind string
	legacy     []element // of the literal of a legacy source, without the name; nil if there is none
	names      []value   // of cookies that the program configures
	report     bool      // for the report: expressions stay as they are
	src        []byte    // the file, nil if another recipe has the same function
}

// A parameter passes an expression that only the maker's function knows.
type parameter struct{ name, typ, arg string }

// An element is one field of a runtime.Config literal.
type element struct{ field, text string }

const (
	day        = 24 * time.Hour
	maxAge400  = 400 * day // of Config.Lifetime
	keysFile   = "session.keys"
	gorillaAge = 30 * day // how long gorilla accepts a cookie, whatever the browser does
)

// write plans the function that makes the managers.
func (rec *recipe) write() *refusal {
	if rec.refuse != nil {
		return rec.refuse
	}
	if why := rec.keys(); why != nil {
		return why
	}
	rec.cookie()
	rec.times()
	why := rec.store()
	rec.oldOnes()
	return why
}

func (rec *recipe) add(field, text string) { rec.config = append(rec.config, element{field, text}) }

// text is how the function writes an expression: unchanged if it means the same anywhere in the package, otherwise as
// a parameter.
func (rec *recipe) text(name string, v value) string {
	if imports, ok := rec.movable(v); ok || rec.report {
		maps.Copy(rec.imports, imports)
		return rec.r.p.text(v.expr)
	}
	arg := rec.r.p.text(v.expr)
	rec.parameter(name, arg, types.Default(v.in.info.TypeOf(v.expr)))
	return name
}

// parameter adds a parameter, once.
func (rec *recipe) parameter(name, arg string, t types.Type) {
	if slices.ContainsFunc(rec.params, func(p parameter) bool { return p.name == name && p.arg == arg }) {
		return
	}
	typ := types.TypeString(t, func(p *types.Package) string {
		if p.Path() == rec.m.at.in.path {
			return ""
		}
		rec.imports[p.Path()] = ""
		return p.Name()
	})
	rec.params = append(rec.params, parameter{name, typ, arg})
}

// importOf imports a package under the program's name for it.
func (rec *recipe) importOf(name *types.PkgName) {
	rec.imports[name.Imported().Path()] = ""
	if name.Name() != name.Imported().Name() {
		rec.imports[name.Imported().Path()] = name.Name()
	}
}

// movable reports whether an expression means the same in another file of its package, given these imports.
func (rec *recipe) movable(v value) (imports map[string]string, ok bool) {
	imports, ok = map[string]string{}, v.in.path == rec.m.at.in.path
	ast.Inspect(v.expr, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			ok = false
		case *ast.Ident:
			switch obj := v.in.info.Uses[n].(type) {
			case nil:
			case *types.PkgName:
				imports[obj.Imported().Path()] = ""
				if obj.Name() != obj.Imported().Name() {
					imports[obj.Imported().Path()] = obj.Name()
				}
			default:
				ok = ok && (obj.Parent() == nil || obj.Parent() == types.Universe || obj.Parent() == v.in.types.Scope() || rec.qualified(n))
			}
		}
		return true
	})
	return imports, ok
}

// qualified reports whether an identifier follows a package's name.
func (rec *recipe) qualified(id *ast.Ident) bool {
	sel, ok := rec.r.parents[id].(*ast.SelectorExpr)
	return ok && sel.Sel == id
}

func (v value) constant() constant.Value {
	if v.expr == nil {
		return nil
	}
	return v.in.info.Types[v.expr].Value
}

// keys plans where the keys come from.
func (rec *recipe) keys() *refusal {
	secrets, spread := rec.secrets()
	switch {
	case rec.m.at.in.tests || slices.ContainsFunc(secrets, rec.isRandom):
		rec.add("Keys", "runtime.EphemeralKeys()")
		return nil
	case rec.m.secrets() < 0 || len(secrets) == 0:
		rec.notes = append(rec.notes, "the keys are in the file "+keysFile+", which is made at the first start; every process needs the same one")
	case slices.ContainsFunc(secrets, rec.isHardCoded):
		rec.notes = append(rec.notes, "the secret is in the source, where others can read it, so it makes no keys: they are in the file "+
			keysFile+", which is made at the first start; every process needs the same one")
	default:
		var texts []string
		for i, s := range secrets {
			texts = append(texts, rec.text(numbered("secret", i), s))
		}
		if spread {
			texts[len(texts)-1] += "..."
		}
		rec.before = append(rec.before, "keys, err := runtime.KeysFromSecret("+strings.Join(texts, ", ")+")")
		rec.add("Keys", "keys")
		rec.notes = append(rec.notes, "the keys are derived from the secret, which must have at least 32 bytes")
		return nil
	}
	rec.before = append(rec.before, "keys, err := runtime.ReadOrCreateKeys("+strconv.Quote(keysFile)+")")
	rec.add("Keys", "keys")
	return nil
}

func numbered(name string, i int) string {
	if i == 0 {
		return name
	}
	return fmt.Sprint(name, i+1)
}

// secrets lists those that authenticated the old cookies, the newest first: the first of each pair.
func (rec *recipe) secrets() (list []value, spread bool) {
	call, first := rec.m.call, rec.m.secrets()
	if first < 0 {
		return nil, false
	}
	for i := first; i < len(call.Args); i += 2 {
		list = append(list, value{call.Args[i], rec.m.at.in, whole})
	}
	return list, call.Ellipsis.IsValid()
}

// isRandom reports whether a secret is a new one at every start, whatever the program is configured with. A field is
// not: a file or the environment may fill it.
func (rec *recipe) isRandom(v value) bool {
	id, ok := ast.Unparen(v.expr).(*ast.Ident)
	if !ok {
		return isGenerated(v)
	}
	p, ok := rec.r.placeAt(v.in, id)
	if !ok || len(rec.r.into[p]) == 0 {
		return false
	}
	for _, from := range rec.r.into[p] {
		stmt := rec.r.enclosingStmt(from.expr)
		if !isGenerated(from) || stmt != nil && !rec.always(stmt) {
			return false
		}
	}
	return !rec.r.filled(v, p)
}

func isGenerated(v value) bool {
	call, ok := ast.Unparen(v.expr).(*ast.CallExpr)
	if !ok {
		return false
	}
	fn := callee(v.in, call)
	return fn != nil && fn.Name() == "GenerateRandomKey"
}

// isHardCoded reports whether a secret is in the source, in any form, and cannot be configured.
func (rec *recipe) isHardCoded(v value) bool {
	leaves := rec.r.originsConfigured(v)
	return len(leaves) > 0 && !slices.ContainsFunc(leaves, func(l leaf) bool {
		_, literal := ast.Unparen(l.expr).(*ast.CompositeLit)
		return l.constant == nil && !literal
	})
}

// cookie carries the cookie's attributes over.
func (rec *recipe) cookie() {
	for _, name := range []string{"Path", "Domain", "SameSite", "Partitioned"} {
		v := rec.given[name]
		if v.expr == nil || asItIsAnyway(name, v.constant()) {
			continue
		}
		rec.add(name, rec.text(lower(name), v))
	}
	switch secure := rec.given["Secure"]; {
	case secure.expr == nil && rec.isSecureByDefault():
	case secure.expr == nil || isFalse(secure):
		rec.add("Insecure", "true")
		rec.notes = append(rec.notes, "Insecure lets the cookie go over plain http, as it did: remove it where the site is on https")
	case secure.constant() == nil:
		rec.add("Insecure", negated(rec.text("secure", secure)))
	}
	httpOnly := rec.given["HttpOnly"]
	if httpOnly.expr != nil && isFalse(httpOnly) || httpOnly.expr == nil && !rec.m.managed() {
		rec.notes = append(rec.notes, "the cookie is HttpOnly: scripts of the page cannot read it any more")
	}
	if sameSite := rec.given["SameSite"]; !rec.m.managed() && (sameSite.expr == nil || asItIsAnyway("Domain", sameSite.constant())) {
		was := "which was not set before"
		if sameSite.expr == nil && rec.isSecureByDefault() {
			was = "and was SameSite=None, as the library has it"
		}
		rec.notes = append(rec.notes, "the cookie is SameSite=Lax, "+was+": forms and frames on other sites do not send it")
	}
}

// isSecureByDefault reports whether the library makes cookies Secure and SameSite=None because the program leaves their
// options alone. gorilla/sessions does so since v1.3.
func (rec *recipe) isSecureByDefault() bool {
	const gorilla = "github.com/gorilla/sessions"
	l := rec.r.p.listed[gorilla]
	return rec.m.known && rec.m.of.keeping == inCookies && !rec.reset && l != nil && l.Module != nil &&
		version.Compare("go"+strings.TrimPrefix(l.Module.Version, "v"), "go1.3") >= 0
}

func (m *maker) managed() bool { return m.of.keeping == inStoreOfSCS }

func isFalse(v value) bool {
	c := v.constant()
	return c != nil && c.Kind() == constant.Bool && !constant.BoolVal(c)
}

// asItIsAnyway reports whether an option has the default value of runtime.Config.
func asItIsAnyway(name string, c constant.Value) bool {
	if c == nil {
		return false
	}
	text := c.ExactString()
	switch name {
	case "Path":
		return text == `"/"` || text == `""`
	case "Domain":
		return text == `""`
	case "SameSite": // unset, default and lax
		return text == "0" || text == "1" || text == "2"
	}
	return text == "false"
}

// times carries over how long sessions last.
func (rec *recipe) times() {
	if rec.m.managed() {
		rec.timesOfSCS()
		return
	}
	age := rec.given["MaxAge"]
	seconds, known := int64(0), age.constant() != nil
	if known {
		seconds, _ = constant.Int64Val(constant.ToInt(age.constant()))
	}
	switch {
	case age.expr == nil && !rec.reset:
		rec.add("Permanent", "true")
		rec.add("Lifetime", rec.duration(gorillaAge))
	case age.expr == nil || known && seconds <= 0:
		rec.add("Lifetime", rec.duration(gorillaAge))
	case known:
		rec.add("Permanent", "true")
		rec.add("Lifetime", rec.duration(rec.capped(time.Duration(min(seconds, 1<<32))*time.Second)))
	default:
		text := rec.text("maxAge", age)
		rec.add("Permanent", text+" > 0")
		rec.imports["time"] = ""
		rec.add("Lifetime", "time.Duration("+text+") * time.Second")
	}
}

func (rec *recipe) timesOfSCS() {
	switch persist := rec.given["Persist"]; {
	case persist.expr == nil && rec.reset || persist.expr != nil && isFalse(persist):
	case persist.constant() != nil || persist.expr == nil:
		rec.add("Permanent", "true")
	default:
		rec.add("Permanent", rec.text("permanent", persist))
	}
	text := rec.duration(day)
	if v := rec.given["Lifetime"]; v.expr != nil {
		text = rec.text("lifetime", v)
		if c := v.constant(); c != nil {
			if n, exact := constant.Int64Val(c); exact && rec.capped(time.Duration(n)) != time.Duration(n) {
				text = rec.duration(maxAge400)
			}
		}
	}
	rec.add("Lifetime", text)
	rec.add("AbsoluteTimeout", text)
	if v := rec.given["IdleTimeout"]; v.expr != nil && !asItIsAnyway("IdleTimeout", v.constant()) {
		rec.add("IdleTimeout", rec.text("idleTimeout", v))
	}
}

// capped limits a lifetime to one that browsers accept.
func (rec *recipe) capped(d time.Duration) time.Duration {
	if d > maxAge400 {
		rec.notes = append(rec.notes, "a session lasts at most 400 days, which is as long as browsers keep a cookie")
		return maxAge400
	}
	return d
}

// duration returns the text of a duration as a person would write it.
func (rec *recipe) duration(d time.Duration) string {
	rec.imports["time"] = ""
	switch {
	case d == time.Hour:
		return "time.Hour"
	case d > day && d%day == 0:
		return fmt.Sprintf("%d * 24 * time.Hour", d/day)
	case d%time.Hour == 0:
		return fmt.Sprintf("%d * time.Hour", d/time.Hour)
	case d%time.Minute == 0:
		return fmt.Sprintf("%d * time.Minute", d/time.Minute)
	}
	return fmt.Sprintf("%d * time.Second", d/time.Second)
}

// store keeps the sessions where they were.
func (rec *recipe) store() *refusal {
	const made = "store, err := "
	switch rec.m.of.keeping {
	case inMemory:
		rec.add("Store", "runtime.NewMemoryStore(100_000)")
	case inStoreOfSCS:
		v := rec.given["Store"]
		if v.expr == nil || rec.isMemory(v) {
			rec.add("Store", "runtime.NewMemoryStore(100_000)")
			break
		}
		rec.imports[runtimePath+"/scsstore"] = ""
		rec.before = append(rec.before, made+"scsstore.New("+rec.text("backend", v)+")")
		rec.add("Store", "store")
	case inPostgres:
		db := value{rec.m.call.Args[rec.m.of.conn], rec.m.at.in, whole}
		rec.imports[runtimePath+"/sqlstore"], rec.imports["context"] = "", ""
		rec.before = append(rec.before, made+"sqlstore.New("+rec.text("db", db)+", sqlstore.PostgreSQL, sqlstore.Options{})",
			"err = store.CreateTable(context.Background())")
		rec.add("Store", "store")
	case inFiles:
		return &refusal{"its sessions are in files, for which there is no store",
			"without Store they are in cookies, if they have less than 4 KiB each; package " + runtimePath + "/sqlstore keeps larger ones in a database, such as SQLite"}
	case inRedis:
		return rec.redis()
	case inRedisByPool:
		return &refusal{"its sessions are in Redis, by a pool of connections of another client", redisByHand + "; the address is the pool's"}
	}
	if v := rec.given["ErrorFunc"]; v.expr != nil {
		rec.add("ErrorHandler", rec.text("errorHandler", v))
	}
	return nil
}

// isMemory reports whether a store of scs is its memstore.
func (rec *recipe) isMemory(v value) bool {
	call, ok := ast.Unparen(v.expr).(*ast.CallExpr)
	if !ok {
		return false
	}
	fn := callee(v.in, call)
	return fn != nil && fn.Pkg() != nil && strings.HasSuffix(fn.Pkg().Path(), "/memstore")
}

// args returns the arguments of the function's call in the maker's place.
func (rec *recipe) args() string {
	var list []string
	for _, p := range rec.params {
		list = append(list, p.arg)
	}
	return strings.Join(list, ", ")
}

// source returns the file with the function. names are the cookie names of the sessions.
func (rec *recipe) source(names map[*target]string) ([]byte, *refusal) {
	home, own := rec.r.home, rec.m.at.in
	rec.imports[runtimePath] = ""
	failed := rec.failed()
	var conditions string
	cfg := rec.freeName()
	for _, o := range rec.conditions {
		text, why := rec.conditional(o, cfg, failed)
		if why != nil {
			return nil, why
		}
		conditions += text
	}
	prefix := ""
	if home.path != own.path {
		rec.imports[home.path], prefix = "", home.name+"."
	}
	var b strings.Builder
	fmt.Fprintf(&b, "package %s\n\n%s", own.name, importDecl(rec.imports))
	one := len(rec.m.serve) == 1
	if one {
		fmt.Fprintf(&b, "// %s makes the manager of the site's sessions, with the options that they had before.\n", rec.name)
	} else {
		fmt.Fprintf(&b, "// %s makes the managers of the site's sessions, with the options that these had before.\n", rec.name)
	}
	result := "*" + prefix + rec.r.managerType(rec.m)
	if rec.fails() {
		result = "(" + result + ", error)"
	} else {
		b.WriteString("// It panics if that is not possible.\n")
	}
	var params []string
	for _, p := range rec.params {
		if strings.Contains(p.typ, types.Typ[types.Invalid].String()) {
			return nil, &refusal{"the type of " + p.arg + " is not known, because the program lacks a dependency", "run go mod tidy, and the command again"}
		}
		params = append(params, p.name+" "+p.typ)
	}
	fmt.Fprintf(&b, "func %s(%s) %s {\n", rec.name, strings.Join(params, ", "), result)
	for _, stmt := range rec.before {
		b.WriteString("\t" + stmt + "\n" + failed)
	}
	b.WriteString(rec.client)
	rec.body(&b, prefix, failed, conditions, cfg, names)
	b.WriteString("}\n")
	src, err := format.Source([]byte(b.String()))
	if err != nil {
		return nil, &refusal{"its options cannot be written elsewhere: " + err.Error(), ""}
	}
	return src, nil
}

// failed checks the error of the statement before it.
func (rec *recipe) failed() string {
	text := "\t\tpanic(err)\n"
	if rec.fails() {
		text = "\t\treturn nil, err\n"
	}
	return "\tif err != nil {\n" + text + "\t}\n"
}

// freeName is a name for the Config that no condition uses.
func (rec *recipe) freeName() string {
	taken := map[string]bool{}
	for _, o := range rec.conditions {
		ast.Inspect(o.stmt, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				taken[id.Name] = true
			}
			return true
		})
	}
	for _, name := range []string{"cfg", "config", "conf"} {
		if !taken[name] {
			return name
		}
	}
	return "sessionConfig"
}

// importDecl imports packages, the standard library first.
func importDecl(names map[string]string) string {
	var groups [2]string
	for _, path := range slices.Sorted(maps.Keys(names)) {
		first, _, _ := strings.Cut(path, "/")
		i := 0
		if strings.Contains(first, ".") {
			i = 1
		}
		groups[i] += "\t" + strings.TrimSpace(names[path]+" "+strconv.Quote(path)) + "\n"
	}
	if groups[0] != "" && groups[1] != "" {
		groups[0] += "\n"
	}
	return "import (\n" + groups[0] + groups[1] + ")\n\n"
}

// fails reports whether the function returns an error, as the maker did.
func (rec *recipe) fails() bool { return rec.m.fn.Signature().Results().Len() == 2 }

func (rec *recipe) body(b *strings.Builder, prefix, failed, conditions, cfg string, names map[*target]string) {
	one := len(rec.m.serve) == 1
	literal := func(name string) string {
		text := "runtime.Config{\n"
		for i, e := range rec.config {
			text += "\t\t" + e.field + ": " + e.text + ",\n"
			if i == 0 && name != "" {
				text += "\t\tName: " + name + ",\n"
			}
		}
		if one && rec.legacy != nil {
			text += "\t\tLegacy: " + rec.legacySources(name, "\t\t") + ",\n"
		}
		return text + "\t}"
	}
	end := "\n"
	if rec.fails() {
		end = ", nil\n"
	}
	if one && conditions != "" {
		t := rec.m.serve[0]
		fmt.Fprintf(b, "\t%s := %s\n%s\tmanager, err := %sNew%sManager(%s)\n%s\treturn manager%s", cfg, literal(names[t]), conditions, prefix, t.generated(), cfg, failed, end)
		return
	}
	if one {
		t := rec.m.serve[0]
		fmt.Fprintf(b, "\tmanager, err := %sNew%sManager(%s)\n%s\treturn manager%s", prefix, t.generated(), literal(names[t]), failed, end)
		return
	}
	fmt.Fprintf(b, "\t%s := %s\n%s", cfg, literal(""), conditions)
	var elements []string
	for _, t := range rec.m.serve {
		name := lower(t.managerField())
		if names[t] != "" {
			fmt.Fprintf(b, "\t%s.Name = %s\n", cfg, names[t])
		}
		if rec.legacy != nil {
			fmt.Fprintf(b, "\t%s.Legacy = %s\n", cfg, rec.legacySources(names[t], "\t"))
		}
		fmt.Fprintf(b, "\t%s, err := %sNew%sManager(%s)\n%s", name, prefix, t.generated(), cfg, failed)
		elements = append(elements, t.managerField()+": "+name)
	}
	fmt.Fprintf(b, "\treturn &%sSessionManagers{%s}%s", prefix, strings.Join(elements, ", "), end)
}

// managerField is the name of a schema's manager among several.
func (t *target) managerField() string {
	if name := strings.TrimSuffix(t.generated(), "Session"); name != "" {
		return name
	}
	return "Site"
}

// managerType is the type that replaces the type of a maker's result.
func (r *rewriter) managerType(m *maker) string {
	if len(m.serve) == 1 {
		return m.serve[0].generated() + "Manager"
	}
	return "SessionManagers"
}
