package migrate

import (
	"go/types"
	"strings"

	"github.com/sessiongen/sessiongen/internal/modpath"
)

// A library keeps sessions for programs. Everything particular to one is here, and nowhere else.
type library struct {
	name    string // in the report
	path    string // of the package that declares these types, without a major version
	methods map[string]method
	acquire map[string]acquisition
	maps    map[string]bool // the fields that hold a map of a session's values, as "Type.Field"
	types   map[string]bool // of sessions
	managed bool            // the methods are a manager's, and the session comes from a context
	rewrite bool            // false: the keys and the report, no rewriting
}

// A verb is what a call does to a session.
type verb int

const (
	noVerb verb = iota
	readVerb
	lookVerb // reads whether there is a value
	popVerb
	writeVerb
	deleteVerb
	addFlashVerb
	takeFlashesVerb

	// Those below have no key.
	clearVerb
	destroyVerb
	renewVerb
	saveVerb
	permanentVerb
	expiresVerb
	middlewareVerb
	idVerb
	optionsVerb
	loadVerb
	otherVerb
)

var verbNames = [...]string{"", "read", "has", "pop", "write", "delete", "add", "take",
	"clear", "destroy", "renew", "save", "permanent", "expires", "middleware", "id", "options", "load", "other"}

func (v verb) String() string { return verbNames[v] }

// keyed reports whether the verb applies to a key.
func (v verb) keyed() bool { return v > noVerb && v < clearVerb }

// A method describes a method of a library.
type method struct {
	verb verb
	key  int // the argument that is the key, -1 for none
	val  int // the argument that is the value, -1 for none
}

// An acquisition is a function that returns a session.
type acquisition struct {
	name    int   // the argument that is the session's name, -1 for none
	request int   // the argument that the context comes from
	err     bool  // it also returns an error
	store   bool  // the store is the first argument, and not the receiver
	within  value // the call that gets it, in a function of the program that stays
}

// stays reports whether the function is one of the program that the accessors do not replace.
func (a acquisition) stays() bool { return a.within.expr != nil }

const defaultFlash = "_flash" // the key of AddFlash without one

var libraries = []*library{gorilla, echoSession, gin, scs, fiberSession, fiberOld}

var gorilla = &library{
	name: "gorilla/sessions", path: "github.com/gorilla/sessions", rewrite: true,
	maps:  map[string]bool{"Session.Values": true},
	types: map[string]bool{"Session": true},
	acquire: map[string]acquisition{
		"NewSession": {name: 1, request: -1, store: true}, "Registry.Get": {name: 1, request: -1, err: true, store: true},
		"Get": {name: 1, err: true}, "New": {name: 1, err: true}, // of every store
	},
	methods: map[string]method{
		"Session.AddFlash": {addFlashVerb, 1, 0},
		"Session.Flashes":  {takeFlashesVerb, 0, -1},
		"Session.Save":     {verb: saveVerb},
		"Save":             {verb: saveVerb},
	},
}

// echoSession returns the sessions of gorilla.
var echoSession = &library{
	name: "echo-contrib/session", path: "github.com/labstack/echo-contrib/session", rewrite: true,
	acquire: map[string]acquisition{"Get": {request: 1, err: true}},
	methods: map[string]method{"Middleware": {verb: middlewareVerb}, "MiddlewareWithConfig": {verb: middlewareVerb}},
}

var gin = &library{
	name: "gin-contrib/sessions", path: "github.com/gin-contrib/sessions", rewrite: true,
	types:   map[string]bool{"Session": true},
	acquire: map[string]acquisition{"Default": {name: -1}, "DefaultMany": {name: 1}},
	methods: map[string]method{
		"Session.Get":      {readVerb, 0, -1},
		"Session.Set":      {writeVerb, 0, 1},
		"Session.Delete":   {deleteVerb, 0, -1},
		"Session.AddFlash": {addFlashVerb, 1, 0},
		"Session.Flashes":  {takeFlashesVerb, 0, -1},
		"Session.Clear":    {verb: clearVerb},
		"Session.Save":     {verb: saveVerb},
		"Session.ID":       {verb: idVerb},
		"Session.Options":  {verb: optionsVerb},
		"Sessions":         {verb: middlewareVerb},
		"SessionsMany":     {verb: middlewareVerb},
	},
}

var scs = &library{
	name: "alexedwards/scs", path: "github.com/alexedwards/scs", managed: true, rewrite: true,
	types: map[string]bool{"SessionManager": true, "Session": true},
	methods: withTyped(map[string]method{
		"Put":          {writeVerb, 1, 2},
		"Get":          {readVerb, 1, -1},
		"Pop":          {popVerb, 1, -1},
		"Exists":       {lookVerb, 1, -1},
		"Remove":       {deleteVerb, 1, -1},
		"Clear":        {verb: clearVerb},
		"Destroy":      {verb: destroyVerb},
		"RenewToken":   {verb: renewVerb},
		"RememberMe":   {verb: permanentVerb},
		"Deadline":     {verb: expiresVerb},
		"LoadAndSave":  {verb: middlewareVerb},
		"Token":        {verb: idVerb},
		"Commit":       {verb: otherVerb},
		"Load":         {verb: loadVerb},
		"Keys":         {verb: otherVerb},
		"Iterate":      {verb: otherVerb},
		"MergeSession": {verb: otherVerb},
		"Status":       {verb: otherVerb},
		"SetDeadline":  {verb: otherVerb},
	}),
}

// withTyped adds the methods of scs that name a type, for both of its major versions' names.
func withTyped(methods map[string]method) map[string]method {
	for _, name := range []string{"String", "Bool", "Int", "Int64", "Int32", "Float", "Bytes", "Time"} {
		methods["Get"+name] = method{readVerb, 1, -1}
		methods["Pop"+name] = method{popVerb, 1, -1}
	}
	all := map[string]method{}
	for name, m := range methods {
		all["SessionManager."+name], all["Session."+name] = m, m
	}
	return all
}

var fiberMethods = map[string]method{
	"Get":        {readVerb, 0, -1},
	"Set":        {writeVerb, 0, 1},
	"Delete":     {deleteVerb, 0, -1},
	"Destroy":    {verb: destroyVerb},
	"Regenerate": {verb: renewVerb},
	"Reset":      {verb: renewVerb},
	"Save":       {verb: saveVerb},
	"ID":         {verb: idVerb},
	"SetExpiry":  {verb: otherVerb},
	"Keys":       {verb: otherVerb},
}

func ofTypes(typeNames []string, methods map[string]method) map[string]method {
	all := map[string]method{}
	for _, t := range typeNames {
		for name, m := range methods {
			all[t+"."+name] = m
		}
	}
	return all
}

var fiberSession = &library{
	name: "fiber/middleware/session", path: "github.com/gofiber/fiber/middleware/session",
	types:   map[string]bool{"Session": true, "Middleware": true},
	acquire: map[string]acquisition{"Store.Get": {name: -1, err: true}, "FromContext": {name: -1}},
	methods: ofTypes([]string{"Session", "Middleware"}, fiberMethods),
}

// fiberOld is the separate package that fiber's sessions used to be in.
var fiberOld = &library{
	name: "gofiber/session", path: "github.com/gofiber/session",
	types:   map[string]bool{"Store": true},
	acquire: map[string]acquisition{"Session.Get": {name: -1}},
	methods: ofTypes([]string{"Store"}, fiberMethods),
}

// libraryOf is the library that a package belongs to, nil if there is none.
func libraryOf(path string) *library {
	if i := strings.LastIndex(path, "/vendor/"); i >= 0 {
		path = path[i+len("/vendor/"):]
	}
	for _, l := range libraries {
		if modpath.WithoutMajor(path) == l.path {
			return l
		}
	}
	return nil
}

// operation is the library that declares a function or method, and the name in its table.
func operation(fn *types.Func) (*library, string) {
	if fn == nil || fn.Pkg() == nil {
		return nil, ""
	}
	l := libraryOf(fn.Pkg().Path())
	if l == nil {
		return nil, ""
	}
	name := fn.Name()
	if recv := fn.Signature().Recv(); recv != nil {
		if named := namedOf(recv.Type()); named != nil {
			name = named.Obj().Name() + "." + name
		}
	}
	return l, name
}

// namedOf is the named type that a type is, or points to.
func namedOf(t types.Type) *types.Named {
	t = types.Unalias(t)
	if p, ok := t.(*types.Pointer); ok {
		t = types.Unalias(p.Elem())
	}
	named, _ := t.(*types.Named)
	return named
}
