package migrate

import (
	"go/ast"
	"go/types"
	"strings"

	"github.com/sessiongen/sessiongen/internal/modpath"
)

// A keeping says where a store keeps its sessions.
type keeping int

const (
	inCookies keeping = iota
	inMemory
	inStoreOfSCS // or in memory, by default
	inPostgres
	inRedis
	inRedisByPool // through another client
	inFiles
)

// A construction describes a function that makes a store. Its variadic parameter, if any, is for secrets.
type construction struct {
	keeping keeping
	conn    int // the argument with the connection to the sessions' place, -1 for none
}

// constructions are the functions that make stores, by package without a major version, and name.
var constructions = map[string]construction{
	"github.com/gorilla/sessions.NewCookieStore":             {inCookies, -1},
	"github.com/gorilla/sessions.NewFilesystemStore":         {inFiles, -1},
	"github.com/gin-contrib/sessions/cookie.NewStore":        {inCookies, -1},
	"github.com/gin-contrib/sessions/memstore.NewStore":      {inMemory, -1},
	"github.com/quasoft/memstore.NewMemStore":                {inMemory, -1},
	"github.com/gin-contrib/sessions/postgres.NewStore":      {inPostgres, 0},
	"github.com/antonlindstrom/pgstore.NewPGStoreFromPool":   {inPostgres, 0},
	"github.com/gin-contrib/sessions/redis.NewStore":         {inRedis, -1},
	"github.com/gin-contrib/sessions/redis.NewStoreWithDB":   {inRedis, -1},
	"github.com/gin-contrib/sessions/redis.NewStoreWithPool": {inRedisByPool, 0},
	"github.com/boj/redistore.NewRediStore":                  {inRedis, -1},
	"github.com/boj/redistore.NewRediStoreWithDB":            {inRedis, -1},
	"github.com/boj/redistore.NewRediStoreWithURL":           {inRedis, -1},
	"github.com/boj/redistore.NewRediStoreWithPool":          {inRedisByPool, 0},
	"gopkg.in/boj/redistore.v1.NewRediStore":                 {inRedis, -1},
	"github.com/rbcervilla/redisstore.NewRedisStore":         {inRedis, -1},
	"github.com/alexedwards/scs.New":                         {inStoreOfSCS, -1},
	"github.com/alexedwards/scs.NewSession":                  {inStoreOfSCS, -1},
}

// makesStores reports whether a package has such functions.
func makesStores(path string) bool {
	for name := range constructions {
		if strings.HasPrefix(name, modpath.WithoutMajor(path)+".") {
			return true
		}
	}
	return false
}

// A maker is a call that makes a store or manager.
type maker struct {
	at    value
	call  *ast.CallExpr
	fn    *types.Func
	of    construction
	known bool           // of is in constructions
	held  map[place]bool // where its result is kept
	serve []*target      // the schemas of its sessions
}

// secrets is the number of the first secret among the arguments, -1 if it takes none.
func (m *maker) secrets() int {
	if sig := m.fn.Signature(); sig.Variadic() {
		return sig.Params().Len() - 1
	}
	return -1
}

// makers lists those of the program, found once.
func (f *finder) makers() []*maker {
	if f.made == nil {
		f.made = f.findMakers()
	}
	return f.made
}

func (f *finder) findMakers() []*maker {
	list := []*maker{}
	for _, u := range f.p.units {
		for _, file := range u.files {
			ast.Inspect(file, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok && makesStore(u, call) {
					m := &maker{at: value{call, u, whole}, call: call, fn: callee(u, call)}
					m.of, m.known = constructions[modpath.WithoutMajor(m.fn.Pkg().Path())+"."+m.fn.Name()]
					m.held = f.heldFrom(m.at)
					list = append(list, m)
				}
				return true
			})
		}
	}
	return list
}

// makesStore reports whether a call makes a store or manager.
func makesStore(u *unit, call *ast.CallExpr) bool {
	fn := callee(u, call)
	if fn == nil || fn.Pkg() == nil || fn.Signature().Recv() != nil || fn.Signature().Results().Len() == 0 {
		return false
	}
	if u.listed != nil && strings.HasPrefix(fn.Pkg().Path()+"/", modulePath(u)+"/") {
		return false
	}
	return isStore(fn.Signature().Results().At(0).Type(), fn.Pkg())
}

func modulePath(u *unit) string {
	if u.listed.Module == nil {
		return u.path
	}
	return u.listed.Module.Path
}

// isStore reports whether a type gives out sessions: a manager of scs, or a store of gorilla or gin-contrib.
func isStore(t types.Type, from *types.Package) bool {
	if named := namedOf(t); named != nil && named.Obj().Pkg() != nil {
		name := named.Obj().Name()
		if l := libraryOf(named.Obj().Pkg().Path()); l != nil && l.managed && l.types[name] || l == gin && name == "Store" {
			return true
		}
	}
	m, _, _ := types.LookupFieldOrMethod(t, true, from, "New")
	method, ok := m.(*types.Func)
	return ok && handsOut(method)
}

// heldFrom lists the places that a result of a call reaches.
func (f *flow) heldFrom(call value) map[place]bool {
	held := map[place]bool{}
	for grown := true; grown; {
		grown = false
		for to, from := range f.into {
			for _, v := range from {
				if !held[to] && f.comes(v, call, held) {
					held[to], grown = true, true
				}
			}
		}
	}
	return held
}

// comes reports whether a value is a result of a call that the given places hold.
func (f *flow) comes(v, from value, held map[place]bool) bool {
	e := ast.Unparen(v.expr)
	if e == from.expr {
		return max(v.part, 0) == max(from.part, 0)
	}
	if call, ok := e.(*ast.CallExpr); ok {
		fn := callee(v.in, call)
		return fn != nil && held[place{fn.Pos(), max(v.part, 0)}]
	}
	p, ok := f.placeAt(v.in, e)
	return ok && held[p]
}
