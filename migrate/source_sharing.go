package migrate

import "go/ast"

// A sharing lists the session names that occur in several stores, and the libraries whose middlewares have several
// stores, or several cookies for sessions without a name. For these, the store or cookie of a request is unknown.
type sharing struct {
	f       *finder
	names   map[string]bool
	libs    map[*library]bool
	byName  map[string]*source
	byLib   map[*library]*source
	cookies map[string]bool
}

func (f *finder) sharing() *sharing {
	if f.shares == nil {
		f.shares = &sharing{f, map[string]bool{}, map[*library]bool{}, map[string]*source{}, map[*library]*source{}, map[string]bool{}}
		f.eachCall(func(u *unit, call *ast.CallExpr) {
			if f.live(value{call, u, whole}) {
				f.shares.middleware(u, call)
				f.shares.acquisition(u, call)
			}
		})
	}
	return f.shares
}

// middleware notes the store and the cookie of a library's middleware.
func (s *sharing) middleware(u *unit, call *ast.CallExpr) {
	lib, name := operation(callee(u, call))
	if lib == nil || lib.managed || lib.methods[name].verb != middlewareVerb || len(call.Args) == 0 {
		return
	}
	for _, kind := range s.f.kindsAt(value{call.Args[len(call.Args)-1], u, whole}) {
		s.libs[lib] = s.libs[lib] || s.byLib[lib] != nil && s.byLib[lib] != kind
		s.byLib[lib] = kind
	}
	if name == "Sessions" {
		s.cookies[s.f.cookieText(value{call.Args[0], u, whole})] = true
		s.libs[lib] = s.libs[lib] || len(s.cookies) > 1
	}
}

// acquisition notes the store that a named session comes from.
func (s *sharing) acquisition(u *unit, call *ast.CallExpr) {
	for _, of := range s.f.namedStores(u, call) {
		for _, kind := range s.f.kindsAt(of.store) {
			s.names[of.name] = s.names[of.name] || s.byName[of.name] != nil && s.byName[of.name] != kind
			s.byName[of.name] = kind
		}
	}
}

// cookieText is a cookie's name or, if the program computes it, the expression in brackets.
func (f *finder) cookieText(v value) string {
	if origins := f.origins(v, false); len(origins) == 1 && origins[0].constant != nil {
		return keyText(origins[0].constant)
	}
	return "<" + f.p.text(v.expr) + ">"
}
