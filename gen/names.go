package gen

import (
	"go/token"
	"go/types"
	"maps"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dave/jennifer/jen"

	"github.com/sessiongen/sessiongen/schema"
)

// locals are the parameters and variables of generated functions. They would hide an import of the same name.
var locals = []string{"cfg", "changed", "ctx", "d", "e", "err", "f", "id", "m", "n", "ok", "s", "state", "v"}

// names chooses the identifiers of the generated file.
type names struct {
	taken    map[string]bool   // by package-level declarations, the user's or ours
	imported map[string]bool   // by the user's imports: our imports may have the same name, but nothing else
	imports  map[string]string // package path -> name in this file
	used     map[string]bool   // the names of our imports
	locals   map[string]string // the parameters and variables, with their names in this file
}

func newNames(pkg *schema.Package) *names {
	n := &names{
		taken:    map[string]bool{},
		imported: pkg.Imported,
		imports:  map[string]string{},
		used:     map[string]bool{},
		locals:   map[string]string{},
	}
	for _, name := range locals {
		n.locals[name] = numbered(name, func(name string) bool {
			switch pkg.Types.Scope().Lookup(name).(type) {
			case *types.TypeName, *types.Func: // functions may have to write or call it
				return true
			}
			return false
		})
	}
	maps.Copy(n.taken, pkg.Declared)
	return n
}

// take records a name that is used already.
func (n *names) take(name string) { n.taken[name] = true }

// isFree reports whether a package-level declaration may have the name.
func (n *names) isFree(name string) bool {
	return !n.taken[name] && !n.imported[name] && !n.used[name] && !n.reserved(name)
}

// free returns base, or base with the smallest number from 2 that makes it a free name for a package-level
// declaration, and takes it.
func (n *names) free(base string) string {
	name := numbered(base, func(name string) bool { return !n.isFree(name) })
	n.take(name)
	return name
}

// importName returns this file's name for an imported package: its own name, unless that is taken.
func (n *names) importName(path, name string) string {
	if name, ok := n.imports[path]; ok {
		return name
	}
	name = numbered(name, func(name string) bool {
		return n.taken[name] || n.used[name] || n.reserved(name)
	})
	n.imports[path], n.used[name] = name, true
	return name
}

// numbered returns base, or base with the smallest number from 2 that is not taken.
func numbered(base string, taken func(string) bool) string {
	name := base
	for i := 2; taken(name); i++ {
		name = base + strconv.Itoa(i)
	}
	return name
}

// reserved reports whether no import or helper may have the name. jennifer's own list (which includes err) counts,
// because jennifer would silently rename them.
func (n *names) reserved(name string) bool {
	for _, local := range n.locals {
		if name == local {
			return true
		}
	}
	return name == "_" || name == "init" || token.IsKeyword(name) || types.Universe.Lookup(name) != nil ||
		jen.IsReservedWord(name)
}

// importName chooses the name of an import and tells jennifer.
func (g *generator) importName(path, name string) {
	if _, ok := g.names.imports[path]; ok {
		return
	}
	if chosen := g.names.importName(path, name); chosen == name {
		g.file.ImportName(path, name)
	} else {
		g.file.ImportAlias(path, chosen)
	}
}

// qual is a name in a package. It imports the package, unless it is our own.
func (g *generator) qual(pkg *types.Package, name string) *jen.Statement {
	if pkg == nil || pkg.Path() == g.pkg.Path {
		return jen.Id(name)
	}
	g.importName(pkg.Path(), pkg.Name())
	return jen.Qual(pkg.Path(), name)
}

// std is a name in a package of the standard library.
func (g *generator) std(pkg, name string) *jen.Statement {
	g.importName(pkg, pkg)
	return jen.Qual(pkg, name)
}

// local is the name of a parameter or variable: the given one, unless the package has a type or function of that name.
func (g *generator) local(name string) string { return g.names.locals[name] }

func (g *generator) id(name string) *jen.Statement { return jen.Id(g.local(name)) }

// unexported puts a name's first letter, or its initialism, in lower case: UserSession, URLSession -> userSession,
// urlSession.
func unexported(name string) string {
	upper := 0
	for _, r := range name {
		if !unicode.IsUpper(r) {
			break
		}
		upper++
	}
	if upper > 1 && upper < utf8.RuneCountInString(name) {
		upper-- // the last capital begins the next word
	}
	runes := []rune(name)
	return strings.ToLower(string(runes[:upper])) + string(runes[upper:])
}

// exported puts a name's first letter in upper case.
func exported(name string) string {
	r, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToUpper(r)) + name[size:]
}
