package schema

import (
	"cmp"
	"fmt"
	"go/token"
	"go/types"
	"time"

	"github.com/sessiongen/sessiongen/internal/code"
)

// The options about log-ins: who a field belongs to, and what it is for.

// An optionOf is an option of a field.
type optionOf struct {
	field *Field
	name  string
}

const principalHint = "mark the field that says who is logged in, as in session:\"user_id,principal\", or leave %s out"

// ownership reports fields that are declared to outlive the principal but cannot, and a principal with a default.
func (in *inspector) ownership(s *Schema) {
	for _, f := range s.Fields {
		if at, ok := in.given(f, "default"); ok && f.Principal {
			in.report(code.OptionConflict, at, "leave default out: Lookup"+f.Name+" tells nobody from somebody",
				"the principal has no default: a visitor who is not logged in would look like whoever has that value")
		}
		at, ok := in.given(f, "visitor")
		switch {
		case !ok:
		case f.Principal:
			in.report(code.OptionConflict, at, "leave visitor out: a log-out clears the principal", "the principal cannot be the visitor's")
		case s.Principal() == nil:
			in.report(code.MissingPrincipal, at, fmt.Sprintf(principalHint, "visitor"), "visitor is for a schema with a principal: nothing else is cleared when a log-in ends")
		}
	}
}

// uses maps the options that say what a field is for.
var uses = map[string]Use{"flash": Flash, "factor": Factor, "flow": Flow}

// The default limits of a flash.
const (
	flashMax = 8
	flashTTL = 5 * time.Minute
)

// useOf is a field's use by the first option that names one.
func useOf(list []option) Use {
	for _, o := range list {
		if use, ok := uses[o.name.s]; ok {
			return use
		}
	}
	return Value
}

// use notes what a field is for.
func (in *inspector) use(f *Field, name string, at token.Pos) {
	if f.Use != uses[name] {
		in.report(code.OptionConflict, at, "a field has one use: make two fields of it", "option %s on a field that has another use already", name)
		return
	}
	if f.Type == nil {
		return
	}
	_, isStruct := f.Type.Go.Underlying().(*types.Struct)
	switch {
	case f.Use == Flow && !isStruct:
		in.report(code.InapplicableOption, at, "a flow is a struct of what the page that it comes back to needs to know", "flow does not apply to %s", in.typeName(f.Type.Go))
	case f.Use == Flash && f.Type.Kind != Slice:
		in.report(code.InapplicableOption, at, "a flash is a list of messages, as in Notices []string", "flash does not apply to %s", in.typeName(f.Type.Go))
	case f.Use == Factor && !isNamed(f.Type.Go, "time", "Time"):
		in.report(code.InapplicableOption, at, "a factor is when something was proved: a time.Time", "factor does not apply to %s", in.typeName(f.Type.Go))
	}
}

// checkUses reports options that do not go with a field's use, and sets the limits of flashes and flows.
func (in *inspector) checkUses(s *Schema) {
	for _, f := range s.Fields {
		switch f.Use {
		case Flash:
			f.Max, f.TTL = cmp.Or(f.Max, flashMax), cmp.Or(f.TTL, flashTTL)
		case Flow:
			in.flow(f)
		case Factor:
			in.factor(s, f)
		}
	}
	in.flowsAlone(s)
	in.sharedMethods(s)
}

// factor reports options that a factor cannot have.
func (in *inspector) factor(s *Schema, f *Field) {
	at, _ := in.given(f, "factor")
	if s.Principal() == nil {
		in.report(code.MissingPrincipal, at, fmt.Sprintf(principalHint, "factor"), "factor is for a schema with a principal: it is whose proof it is")
	}
	for _, name := range []string{"visitor", "ttl"} {
		if at, ok := in.given(f, name); ok {
			in.report(code.OptionConflict, at, "leave "+name+" out: a proof goes with the principal, and "+f.Name+"Within asks how old it is", "%s does not go with factor", name)
		}
	}
}

// sharedMethods reports accessors with one name: XWithin of a factor X, and GetX of a field XWithin.
func (in *inspector) sharedMethods(s *Schema) {
	owner := map[string]*Field{}
	for _, f := range s.Fields {
		for _, name := range f.Methods() {
			if other := owner[name]; other != nil && other.Name != f.Name {
				in.reportAt(code.AccessorCollision, f.Pos, "rename one of them; its key may stay", "the accessor %s of field %s is also one of field %s, declared at %s", name, f.GoName, other.GoName, other.Pos)
			}
			owner[name] = f
		}
	}
}

// given is where a field has an option.
func (in *inspector) given(f *Field, name string) (at token.Pos, ok bool) {
	at, ok = in.optionAt[optionOf{f, name}]
	return at, ok
}
