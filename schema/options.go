package schema

import (
	"errors"
	"fmt"
	"go/token"
	"go/types"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sessiongen/sessiongen/internal/code"
)

var optionNames = []string{"max", "each", "via", "default", "ttl", "secret", "principal", "partial", "was",
	"visitor", "flash", "factor", "flow", "path", "samesite"}

// marks are the options that take no value.
var marks = []string{"secret", "principal", "partial", "visitor", "flash", "factor", "flow"}

// maxKey limits a wire key, in bytes: every cookie carries it.
const maxKey = 64

// maxWas limits the old keys of a field: the runtime counts them in a byte.
const maxWas = 255

// checkKey says what is wrong with a wire key.
func checkKey(key string) error {
	switch {
	case key == "":
		return errors.New("the key is empty")
	case len(key) > maxKey:
		return fmt.Errorf("key %q has %d bytes: at most %d are allowed", key, len(key), maxKey)
	}
	for _, r := range key {
		if !strings.ContainsRune("_.:-", r) && (r > 'z' || !isAlphanumeric(byte(r))) {
			return fmt.Errorf("key %q contains %q", key, r)
		}
	}
	return nil
}

const keyHint = `a key is made of the letters A-Z and a-z, digits, and any of _ . : -, as in session:"user_id"`

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// options reads a session tag into f. The type of f is known by now, or nil if it was refused.
func (in *inspector) options(f *Field, tag text) {
	key, rest, more := tag.cut(",")
	f.Key, in.keyAt[f] = key.s, key.at()
	if err := checkKey(key.s); err != nil {
		in.report(code.InvalidKey, key.at(), keyHint, "%v", err)
	}
	if !more {
		in.partial(f)
		return
	}
	list, at, err := options(rest)
	if err != nil {
		in.report(code.MalformedQuote, at, "", "%v", err)
	}
	f.Use = useOf(list)
	seen := map[string]bool{}
	for _, o := range list {
		name := o.name.s
		switch {
		case name == "" && !o.hasValue:
			in.report(code.EmptyOption, o.name.at(), "", "an option is missing between the commas")
		case strings.TrimSpace(name) != name && slices.Contains(optionNames, strings.TrimSpace(name)):
			in.report(code.OptionSpace, o.name.at(), "remove the space", "there is a space around option %s", strings.TrimSpace(name))
		case !slices.Contains(optionNames, name):
			hint := "the options are " + strings.Join(optionNames, ", ")
			if s := suggest(name, optionNames); s != "" {
				hint = fmt.Sprintf("did you mean %s? %s", s, hint)
			}
			in.report(code.UnknownOption, o.name.at(), hint, "unknown option %q", name)
		case seen[name] && name != "was":
			in.report(code.DuplicateOption, o.name.at(), "", "option %s is given twice", name)
		default:
			in.option(f, o)
		}
		seen[name] = true
	}
	in.partial(f)
	if f.Max > 0 && f.Type != nil && f.Type.Kind == String && f.Default != "" {
		if s, _ := strconv.Unquote(f.Default); len(s) > f.Max {
			in.report(code.DefaultOverMax, tag.at(), "", "the default has %d bytes, more than max=%d allows", len(s), f.Max)
		}
	}
}

// option reads one option with a known name.
func (in *inspector) option(f *Field, o option) {
	name := o.name.s
	takesValue := !slices.Contains(marks, name)
	switch {
	case takesValue && !o.hasValue:
		in.report(code.MissingValue, o.name.at(), "write "+name+"="+example[name], "option %s needs a value", name)
		return
	case !takesValue && o.hasValue:
		in.report(code.UnexpectedValue, o.name.at(), "write "+name+" alone", "option %s takes no value", name)
		return
	}
	in.optionAt[optionOf{f, name}] = o.name.at()
	if !in.matchesUse(f, o) {
		return
	}
	switch name {
	case "secret":
		f.Secret = true
	case "visitor":
		f.Visitor = true
	case "path":
		in.path(f, o)
	case "samesite":
		in.sameSite(f, o)
	case "flash", "factor", "flow":
		in.use(f, name, o.name.at())
	case "principal":
		in.principal(f, o.name.at())
	case "partial":
		f.Partial = true
		in.partialAt = o.name.at()
	case "via":
		if viaKinds[o.value.s] == Invalid {
			in.report(code.InvalidEncoding, o.value.at(), viaHint, "via=%s is no encoding", o.value.s)
		}
	case "max":
		in.max(f, o)
	case "each":
		in.each(f, o)
	case "ttl":
		in.ttl(f, o.value)
	case "default":
		in.defaultValue(f, o)
	case "was":
		if err := checkKey(o.value.s); err != nil {
			in.report(code.InvalidKey, o.value.at(), keyHint, "was: %v", err)
			return
		}
		if len(f.Was) == maxWas {
			in.report(code.TooManyWas, o.name.at(), "leave out the oldest: sessions under it have expired", "more than %d old keys", maxWas)
		}
		f.Was = append(f.Was, o.value.s)
		in.was = append(in.was, wasKey{f, o.value.s, o.value.at()})
	}
}

var example = map[string]string{"max": "64", "each": "32", "via": "json", "default": "VALUE", "ttl": "10m", "was": "OLDKEY",
	"path": "/callback", "samesite": "none"}

func (in *inspector) max(f *Field, o option) {
	n := limit(o)
	switch {
	case n == 0:
		in.report(code.InvalidLimit, o.value.at(), "write a whole number above 0, as in max=64", "max=%s is not a limit", o.value.s)
	case f.Type == nil:
	case f.Use == Flow:
		f.Max = n
	case f.Type.Kind == String || f.Type.Kind == Bytes || f.Type.Kind == Slice || f.Type.Kind == Map:
		f.Max = n
	default:
		in.report(code.InapplicableOption, o.name.at(), "max limits the bytes of a string or []byte, or the elements of a slice or map",
			"max does not apply to %s", in.typeName(f.Type.Go))
	}
}

func (in *inspector) each(f *Field, o option) {
	n := limit(o)
	switch {
	case n == 0:
		in.report(code.InvalidLimit, o.value.at(), "write a whole number above 0, as in each=32", "each=%s is not a limit", o.value.s)
	case f.Type == nil:
	case f.Type.Kind == Slice || f.Type.Kind == Array || f.Type.Kind == Map:
		f.Each = n
	default:
		in.report(code.InapplicableOption, o.name.at(), "each limits the bytes of each element of a slice, array or map, as it is stored",
			"each does not apply to %s", in.typeName(f.Type.Go))
	}
}

// limit is the value of an option that limits something, 0 if it is invalid.
func limit(o option) int {
	n, err := strconv.Atoi(o.value.s)
	if err != nil || n < 0 || n > math.MaxInt32 {
		return 0
	}
	return n
}

func (in *inspector) ttl(f *Field, value text) {
	d, err := time.ParseDuration(value.s)
	switch {
	case err != nil:
		in.report(code.InvalidTTL, value.at(), "write it as time.ParseDuration reads it: 90s, 10m, 24h (a day is 24h)", "ttl=%s is not a duration", value.s)
	case d <= 0:
		in.report(code.InvalidTTL, value.at(), "leave ttl out for a field that lives as long as the session", "ttl=%s is not above zero", value.s)
	case d%time.Second != 0:
		in.report(code.InvalidTTL, value.at(), "", "ttl=%s is not in whole seconds", value.s)
	default:
		f.TTL = d
	}
}

// principal accepts types that identify somebody: a string, an integer, or a type such as uuid.UUID.
func (in *inspector) principal(f *Field, at token.Pos) {
	f.Principal = true
	if in.principalAt.IsValid() {
		in.report(code.SecondPrincipal, at, "a session belongs to one principal", "a second principal; the first is at %s", in.position(in.principalAt))
		return
	}
	in.principalAt = at
	if f.Type == nil {
		return
	}
	switch f.Type.Kind {
	case String, Int, Uint, Text, Binary, ByteArray:
		return
	}
	in.report(code.InapplicableOption, at, "a principal is a string, an integer, an array of bytes, or a type that is stored as text or binary",
		"principal does not apply to %s", in.typeName(f.Type.Go))
}

// defaultValue turns a default into a constant expression that fits the field's type.
func (in *inspector) defaultValue(f *Field, o option) {
	if f.Type == nil {
		return
	}
	basic, ok := f.Type.Go.Underlying().(*types.Basic)
	if !ok {
		in.report(code.InapplicableOption, o.name.at(), "a default is for bools, numbers, durations and strings",
			"default does not apply to %s", in.typeName(f.Type.Go))
		return
	}
	s := o.value.s
	expr, err := constant(s, f.Type.Go, basic)
	if err == nil {
		f.Default = expr
		return
	}
	hint := ""
	if isDuration(f.Type.Go) {
		hint = "write it as time.ParseDuration reads it: 90s, 10m, 24h (a day is 24h)"
	}
	if errors.Is(err, strconv.ErrRange) {
		if kind := basic.Kind(); kind == types.Int || kind == types.Uint {
			hint = "it has 32 bits on some machines: use " + basic.Name() + "64"
		}
		in.report(code.DefaultOverflow, o.value.at(), hint, "default=%s does not fit in %s", s, in.typeName(f.Type.Go))
		return
	}
	in.report(code.InvalidDefault, o.value.at(), hint, "default=%s is not a value of type %s", s, in.typeName(f.Type.Go))
}

// constant writes s as a Go constant that a variable of type t, over basic, can hold on every platform: an int or uint
// may have 32 bits.
func constant(s string, t types.Type, basic *types.Basic) (string, error) {
	bits := map[types.BasicKind]int{
		types.Int8: 8, types.Int16: 16, types.Int32: 32, types.Int: 32,
		types.Uint8: 8, types.Uint16: 16, types.Uint32: 32, types.Uint: 32, types.Float32: 32,
	}[basic.Kind()]
	if bits == 0 {
		bits = 64
	}
	switch info := basic.Info(); {
	case isDuration(t):
		d, err := time.ParseDuration(s)
		return strconv.FormatInt(int64(d), 10), err
	case info&types.IsBoolean != 0:
		if s != "true" && s != "false" {
			return "", strconv.ErrSyntax
		}
		return s, nil
	case info&types.IsUnsigned != 0:
		n, err := strconv.ParseUint(s, 10, bits)
		return strconv.FormatUint(n, 10), err
	case info&types.IsInteger != 0:
		n, err := strconv.ParseInt(s, 10, bits)
		return strconv.FormatInt(n, 10), err
	case info&types.IsFloat != 0:
		x, err := strconv.ParseFloat(s, bits)
		if err == nil && (math.IsNaN(x) || math.IsInf(x, 0)) {
			err = strconv.ErrSyntax // Go has no constants for these
		}
		return strconv.FormatFloat(x, 'g', -1, bits), err
	default:
		return strconv.Quote(s), nil
	}
}

func isDuration(t types.Type) bool { return isNamed(t, "time", "Duration") }

func isNamed(t types.Type, pkg, name string) bool {
	named, ok := types.Unalias(t).(*types.Named)
	return ok && named.Obj().Name() == name && named.Obj().Pkg() != nil && named.Obj().Pkg().Path() == pkg
}
