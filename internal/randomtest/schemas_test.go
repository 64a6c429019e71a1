package randomtest

import (
	"fmt"
	"go/format"
	"go/token"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
)

// maxDepth limits how many types are nested in a field's type.
const maxDepth = 4

// A typ is a Go type as source. In it, § precedes the names of its own package.
type typ struct {
	src      string
	weight   int    // the least number of parts that a value has
	constant string // a default for it, "" if there cannot be one
	max      bool   // max applies
	elements bool   // each applies
	who      bool   // principal applies
	foreign  bool   // it can be written in other packages
	promotes bool   // its members can, although the type itself may not
	struc    bool   // a struct type that can be embedded

	// byValue: must not be embedded by pointer. It has a member that may be nil on the wire but not in Go, which would
	// be read as a nil pointer; or it has an IsZero method, which would be called on that pointer.
	byValue bool
}

// keyTypes can be the keys of maps, and leaves the parts of other types.
var (
	keyTypes = []typ{
		{src: "string", constant: "light, or dark: 'it'", max: true, who: true},
		{src: "int", constant: "-7", who: true},
		{src: "int8", constant: "-128", who: true},
		{src: "int16", constant: "300", who: true},
		{src: "int32", constant: "70000", who: true},
		{src: "int64", constant: "9223372036854775807", who: true},
		{src: "uint", constant: "7", who: true},
		{src: "uint8", constant: "255", who: true},
		{src: "uint16", constant: "65535", who: true},
		{src: "uint32", constant: "4294967295", who: true},
		{src: "uint64", constant: "18446744073709551615", who: true},
		{src: "kinds.Title", constant: "Dr", max: true, who: true},
		{src: "kinds.Count", constant: "12", who: true},
		{src: "kinds.Octet", constant: "12", who: true},
		{src: "kinds.Color", who: true},
		{src: "kinds.Level", who: true},
		{src: "kinds.Word", who: true},
		{src: "kinds.Packed"},
		{src: "time.Weekday"}, {src: "time.Duration", constant: "90s"}, {src: "json.Number"},
	}
	leaves = []typ{
		{src: "bool", constant: "true"},
		{src: "float32", constant: "0.5"}, {src: "float64", constant: "-1e100"},
		{src: "rune"}, {src: "byte"}, {src: "[]byte", max: true}, {src: "[16]byte", who: true}, {src: "[3]uint8", who: true},
		{src: "[2]kinds.Octet", who: true}, {src: "[0]byte", who: true}, {src: "[]kinds.Color", max: true},
		{src: "kinds.Octets", max: true}, {src: "kinds.Score", constant: "1.5"}, {src: "kinds.Reading"},
		{src: "time.Time"}, {src: "kinds.Since"},
		{src: "any"}, {src: "interface{}"}, {src: "map[string]any", max: true}, {src: "[]any", max: true}, {src: "kinds.Dynamic"},
		{src: "map[string]bool", max: true}, {src: "map[string]string", max: true},
		{src: "kinds.Names", max: true}, {src: "kinds.Headers", max: true}, {src: "kinds.Tree", max: true},
		{src: "kinds.Graph", max: true}, {src: "kinds.Ring", weight: 2}, {src: "kinds.Chain"},
		{src: "kinds.UUID", who: true}, {src: "kinds.ID", who: true}, {src: "kinds.Point"}, {src: "kinds.Label", byValue: true},
		{src: "kinds.Set"}, {src: "kinds.Numbers"}, {src: "kinds.Mixed"}, {src: "kinds.Blob", who: true},
		{src: "netip.Addr", who: true}, {src: "netip.AddrPort", who: true}, {src: "netip.Prefix", who: true},
		{src: "net.IP", who: true}, {src: "net.IPMask", max: true}, {src: "net.IPNet"}, {src: "url.URL", who: true},
		{src: "url.Values", max: true}, {src: "*url.URL"}, {src: "big.Int", who: true}, {src: "*big.Int"}, {src: "json.RawMessage", max: true},
		{src: "sql.NullString", struc: true}, {src: "sql.NullInt64"}, {src: "sql.NullTime"}, {src: "sql.Null[string]"},
		{src: "http.Header", max: true}, {src: "http.Cookie", weight: 12},
		{src: "kinds.Option", struc: true, byValue: true}, {src: "kinds.Holder", struc: true}, {src: "kinds.Hidden"},
		{src: "kinds.Moment"}, {src: "kinds.Parcel"}, {src: "*kinds.Crate"}, {src: "*kinds.Guarded"}, {src: "kinds.Vault", struc: true},
		{src: "kinds.Money", struc: true, weight: 3}, {src: "kinds.Row", weight: 5}, {src: "kinds.Detail", struc: true, weight: 3},
	}
	// formed are types with an option that chooses their form.
	formed = []struct{ src, via string }{
		{"kinds.Coin", "json"}, {"*kinds.Coin", "json"}, {"[]kinds.Coin", "json"}, {"[2]kinds.Coin", "json"},
		{"map[kinds.Level]*kinds.Coin", "json"}, {"map[int8][]kinds.UUID", "json"}, {"uint64", "json"}, {"*bool", "json"},
		{"kinds.Pairing", "gob"}, {"*kinds.Pairing", "gob"}, {"[3]string", "gob"}, {"float64", "gob"}, {"kinds.Title", "gob"},
		{"kinds.UUID", "text"}, {"*kinds.UUID", "text"}, {"kinds.Color", "text"}, {"*big.Int", "text"}, {"netip.Prefix", "text"},
		{"kinds.ID", "binary"}, {"netip.Addr", "binary"}, {"[]kinds.UUID", "text"}, {"map[int8][2]*kinds.ID", "binary"}, {"*url.URL", "binary"}, {"kinds.Blob", "binary"},
	}
	paths = map[string]string{
		"kinds": own + "/internal/randomtest/kinds", "driver": own + "/internal/randomtest/driver",
		"time": "time", "json": "encoding/json", "netip": "net/netip", "net": "net", "url": "net/url",
		"big": "math/big", "sql": "database/sql", "http": "net/http", "unsafe": "unsafe",
	}
)

// A world has the packages of one run. Its names are unique, so that members only clash in structs that are made for
// it.
type world struct {
	*rand.Rand
	packages []*pkg
	count    int
}

// A pkg is a package, with the types that its later types can refer to.
type pkg struct {
	*world
	name  string
	decls strings.Builder
	types []typ    // complete
	open  []string // types that are being declared
}

func (w *world) number() int {
	w.count++
	return w.count
}

func (w *world) oneIn(n int) bool { return w.IntN(n) == 0 }

func pick[T any](w *world, list []T) T { return list[w.IntN(len(list))] }

// octets matches slices and arrays that are or may be stored as bytes: an alias does not show which.
var octets = regexp.MustCompile(`^\[\d*\](byte|uint8|kinds\.Octet|§A\d+)$`)

// typ makes a type of at most this depth, not counting the earlier types that it refers to.
func (p *pkg) typ(depth int) typ {
	if depth == 0 || p.oneIn(5) {
		return p.leaf()
	}
	switch p.IntN(20) {
	case 0, 1, 2:
		t := p.part("[]%s", depth, typ{weight: 1, max: true})
		t.elements = !octets.MatchString(t.src)
		return t
	case 3, 4:
		n := p.IntN(4)
		t := p.part(fmt.Sprintf("[%d]%%s", n), depth, typ{})
		t.weight, t.elements = max(1, n*t.weight), !octets.MatchString(t.src)
		return t
	case 5, 6, 7:
		return p.part("map["+p.key().src+"]%s", depth, typ{weight: 1, max: true, elements: true})
	case 8, 9:
		return p.part("*%s", depth, typ{weight: 1})
	case 10, 11:
		return p.structure(depth)
	case 12:
		body, t := p.fields(depth, false)
		t.src = "struct {\n" + body + "}"
		return t
	case 13:
		return p.generic(depth)
	case 14, 15:
		return p.named(depth)
	case 16:
		return p.alias(depth)
	case 17, 18:
		if len(p.types) > 0 {
			return pick(p.world, p.types)
		}
	default:
		if other := pick(p.world, p.packages); other != p {
			if i := slices.IndexFunc(other.types, func(t typ) bool { return t.foreign }); i >= 0 {
				i += p.IntN(len(other.types) - i)
				if t := other.types[i]; t.foreign {
					t.src = strings.ReplaceAll(t.src, "§", other.name+".")
					return t
				}
			}
		}
	}
	return p.leaf()
}

// leaf also makes references to types that are being declared, if they may be nil.
func (p *pkg) leaf() typ {
	if len(p.open) > 0 && p.oneIn(8) {
		name, form := pick(p.world, p.open), pick(p.world, []string{"*", "[]", "map[string]", "[]*", "map[kinds.Level]*"})
		// The innermost one is known when declare ends; the others are not known yet.
		return typ{src: form + "§" + name, weight: 1, foreign: name == p.open[len(p.open)-1] && token.IsExported(name)}
	}
	t := pick(p.world, leaves)
	if p.oneIn(3) {
		t = pick(p.world, keyTypes)
	}
	t.weight, t.foreign = max(t.weight, 1), true
	return t
}

func (p *pkg) key() typ {
	if p.oneIn(3) {
		return typ{src: "string"}
	}
	return pick(p.world, keyTypes)
}

// part puts a type into form; t describes the whole. If t has no weight, the part's is used.
func (p *pkg) part(form string, depth int, t typ) typ {
	elem := p.typ(depth - 1)
	t.src, t.foreign = fmt.Sprintf(form, elem.src), elem.foreign
	if t.weight == 0 {
		t.weight = elem.weight
	}
	return t
}

// declare declares a type whose body may refer to it.
func (p *pkg) declare(name string, body func() (string, typ)) typ {
	p.open = append(p.open, name)
	src, t := body()
	p.open = p.open[:len(p.open)-1]
	fmt.Fprintf(&p.decls, "type %s %s\n\n", name, src)
	t.src = "§" + name
	t.promotes = t.foreign
	if t.foreign = t.foreign && token.IsExported(name); t.weight < 40 {
		p.types = append(p.types, t)
	}
	return t
}

// structure declares a struct.
func (p *pkg) structure(depth int) typ {
	letter := "S"
	if p.oneIn(6) {
		letter = "s"
	}
	return p.declare(fmt.Sprint(letter, p.number()), func() (string, typ) {
		body, t := p.fields(depth, true)
		t.struc = true
		return "struct {\n" + body + "}", t
	})
}

// named declares a type other than a struct.
func (p *pkg) named(depth int) typ {
	return p.declare(fmt.Sprint("N", p.number()), func() (string, typ) {
		var t typ
		switch p.IntN(5) {
		case 0:
			t = p.part("map["+p.key().src+"]%s", depth, typ{weight: 1, max: true})
		case 1:
			t = p.part("[2]%s", depth, typ{})
			t.weight *= 2
		case 2:
			t = typ{src: pick(p.world, []string{"int16", "string", "bool", "float64", "uint64"}), weight: 1, foreign: true}
		default:
			t = p.part("[]%s", depth, typ{weight: 1, max: true})
		}
		return t.src, t
	})
}

// alias declares an alias, which must not refer to itself.
func (p *pkg) alias(depth int) typ {
	t := p.typ(depth - 1)
	name := fmt.Sprint("A", p.number())
	if strings.Contains(t.src, "struct {") { // so that it has one declaration
		return t
	}
	fmt.Fprintf(&p.decls, "type %s = %s\n\n", name, t.src)
	t.src = "§" + name
	t.struc = false
	return t
}

// generic declares a generic struct, or takes one from package kinds, and instantiates it.
func (p *pkg) generic(depth int) typ {
	switch p.IntN(4) {
	case 0:
		return p.part("kinds.Page[%s]", depth, typ{weight: 3})
	case 1:
		t := p.part("kinds.Pair[kinds.Title, %s]", depth, typ{})
		t.weight += 2
		return t
	case 2:
		return p.part("kinds.List[%s]", depth, typ{weight: 1, max: true})
	}
	name := fmt.Sprint("G", p.number())
	fmt.Fprintf(&p.decls, "type %s[K ~int8 | string, T any] struct {\n\tBy%[2]d map[K]T\n\tOf%[2]d T `msgpack:\",omitempty\"`\n"+
		"\tMore *%[1]s[K, T]\n}\n\n", name, p.number())
	t := p.part("§"+name+"["+pick(p.world, []string{"string", "int8"})+", %s]", depth, typ{})
	t.weight += 2
	return t
}

// fields makes the body of a struct.
func (p *pkg) fields(depth int, exportable bool) (string, typ) {
	var b strings.Builder
	t := typ{foreign: true}
	field := func(name, src, tag string) {
		if tag != "" {
			tag = " `" + tag + "`"
		}
		fmt.Fprintf(&b, "%s %s%s\n", name, src, tag)
	}
	unexported := func(name, src, tag string) {
		field(name, src, tag)
		t.foreign = t.foreign && exportable // an unnamed struct with it cannot be written elsewhere
	}
	if p.oneIn(6) {
		unexported("_msgpack", "struct{}", pick(p.world, []string{`msgpack:",as_array"`, `msgpack:",omitempty"`}))
	}
	add := func(name, tag string, x typ) {
		field(name, x.src, tag)
		t.weight += x.weight
		t.foreign = t.foreign && x.foreign
		t.byValue = t.byValue || x.byValue
	}
	for range 1 + p.IntN(5) {
		x := p.typ(depth - 1)
		if t.weight+x.weight > 60 {
			x = typ{src: "string", weight: 1, foreign: true}
		}
		n := p.number()
		name := fmt.Sprint("F", n)
		switch p.IntN(16) {
		case 14:
			form := pick(p.world, formed)
			add(name, fmt.Sprintf(`msgpack:"w%d,via=%s%s"`, n, form.via, pick(p.world, []string{"", ",omitempty"})), typ{src: form.src, weight: 1, foreign: true})
		case 15:
			add(name, `msgpack:",partial"`, typ{src: pick(p.world, []string{"kinds.Vault", "[]*kinds.Vault", "kinds.Page[int]"}), weight: 3, foreign: true})
		case 0, 1, 2:
			add(name, fmt.Sprintf(`msgpack:"w%d" json:"x%[1]d,omitempty"`, n), x)
		case 3, 4:
			add(name, `msgpack:",omitempty"`, x)
		case 5:
			add(name, fmt.Sprintf(`json:"y%d" msgpack:"w%[1]d,omitempty"`, n), x)
		case 6:
			add(name, fmt.Sprintf(`msgpack:"w%d,alias:o%[1]d"`, n), x)
		case 7:
			add(name, fmt.Sprintf(`msgpack:"'w %d, quoted',omitempty"`, n), x)
		case 8:
			unstored := pick(p.world, []string{"chan<- (<-chan int)", "func(int, ...string) (bool, error)", "unsafe.Pointer", "error", "complex128"})
			if p.oneIn(2) {
				field(name, unstored, `msgpack:"-"`)
			} else {
				unexported(fmt.Sprint("f", n), unstored, pick(p.world, []string{"", `msgpack:"-"`}))
			}
			add(fmt.Sprint("E", n), "", x)
		default:
			add(name, "", x)
		}
	}
	embedded := map[string]bool{}
	for range max(0, p.IntN(4)-1) {
		p.embed(&b, &t, add, embedded)
	}
	return b.String(), t
}

// embed adds an embedded field, unless its name is taken.
func (p *pkg) embed(b *strings.Builder, t *typ, add func(name, tag string, x typ), embedded map[string]bool) {
	var fit []typ
	for _, x := range slices.Concat(p.types, leaves) {
		if x.struc && t.weight+x.weight < 60 {
			fit = append(fit, x)
		}
	}
	x := pick(p.world, fit)
	qualified := strings.TrimPrefix(x.src, "§")
	name := qualified[strings.Index(qualified, ".")+1:]
	if embedded[name] {
		return
	}
	embedded[name] = true
	hidden := false
	switch {
	case qualified != name:
		x.foreign = true
	case !token.IsExported(name):
		hidden, x.foreign = true, false
	}
	if p.oneIn(5) { // a field that hides one of the embedded struct's
		declared := regexp.MustCompile(`type ` + name + ` struct \{\n(?:_msgpack.*\n)?(F\d+) `)
		if inner := declared.FindStringSubmatch(p.decls.String()); inner != nil {
			rest := b.String()
			b.Reset()
			fmt.Fprintf(b, "%s int8\n%s", inner[1], rest)
		}
	}
	n := p.number()
	switch p.IntN(8) {
	case 0, 1:
		if !hidden && !x.byValue && t.weight > 0 {
			x.src, x.weight = "*"+x.src, 1
		}
		add("", "", x)
	case 2:
		x.foreign = x.foreign || x.promotes // inlined fields can be selected without its name
		add("", `msgpack:",inline"`, x)
	case 3:
		add("", fmt.Sprintf(`msgpack:"w%d,noinline"`, n), x)
	case 4:
		add("", fmt.Sprintf(`msgpack:"w%d"`, n), x)
	default:
		add("", "", x)
	}
}

// schema declares a session.
func (p *pkg) schema(n int) {
	var b strings.Builder
	fmt.Fprintf(&b, "// session%d is number %[1]d of package %s.\ntype session%[1]d struct {\n", n, p.name)
	principal := false
	for i := range 1 + p.IntN(4) {
		t := p.typ(p.IntN(maxDepth + 1))
		name, key := fmt.Sprint("Field", i), fmt.Sprint("k", i)
		if p.oneIn(4) {
			name = fmt.Sprint("field", i)
		}
		options := ""
		if p.oneIn(8) {
			form := pick(p.world, formed)
			t, name, options = typ{src: form.src}, fmt.Sprint("Form", i), ",via="+form.via
		} else if p.loses(t.src, map[string]bool{}) {
			options = ",partial"
		}
		if t.elements && p.oneIn(3) {
			options += fmt.Sprintf(",each=%d", 1+p.IntN(60))
		}
		if t.max && p.oneIn(3) {
			options += fmt.Sprintf(",max=%d", 1+p.IntN(30))
		} else if t.constant != "" && p.oneIn(2) {
			options += ",default='" + strings.ReplaceAll(t.constant, "'", "''") + "'"
		}
		if p.oneIn(5) {
			options += ",ttl=10m"
		}
		if p.oneIn(5) {
			options += ",secret"
		}
		if t.who && !principal && !strings.Contains(options, ",default=") && p.oneIn(3) {
			options, principal = options+",principal", true
		} else if principal && p.oneIn(3) {
			options += ",visitor"
		}
		if p.oneIn(4) {
			options += fmt.Sprintf(",was=old%d,was=%[1]d:older", i)
		}
		fmt.Fprintf(&b, "// %s is number %d.\n%[1]s %[3]s `session:\"%s%s\"`\n", name, i, t.src, key, options)
	}
	if p.oneIn(4) {
		fmt.Fprintf(&b, "Notices %s `session:\"notices,flash,max=%d\"`\n", pick(p.world, []string{"[]string", "[]kinds.Title", "[]int"}), 1+p.IntN(9))
	}
	if principal && p.oneIn(4) {
		b.WriteString("TOTP time.Time `session:\"totp,factor\"`\n")
	}
	if p.oneIn(4) {
		p.flow(&b)
	}
	b.WriteString("}\n\n")
	p.decls.WriteString(b.String())
}

// flow adds a flow.
func (p *pkg) flow(b *strings.Builder) {
	var fit []typ
	for _, x := range slices.Concat(p.types, leaves) {
		if x.struc {
			fit = append(fit, x)
		}
	}
	t, options := pick(p.world, fit), ""
	if p.loses(t.src, map[string]bool{}) {
		options = ",partial"
	}
	if p.oneIn(2) {
		options += fmt.Sprintf(",max=%d,ttl=1h", 1+p.IntN(16))
	}
	options += pick(p.world, []string{"", ",path=/callback", ",samesite=none", ",samesite=none,path=/"})
	fmt.Fprintf(b, "SignIn %s `session:\"sign_in,flow%s\"`\n", t.src, options)
}

var (
	declared = regexp.MustCompile(`\b[SsNAG]\d+\b`)
	body     = regexp.MustCompile(`(?m)^type ([SsNAG]\d+)\b(?s:.*?)\n\n`)
	partial  = regexp.MustCompile("(?m)^.*,partial.*$")
	losing   = regexp.MustCompile("(?m)kinds\\.(Page|Vault)\\b|^f\\d+ [^`\n]*$")
)

// loses reports whether a type, as source, has unexported members that would be stored, directly or in types that it
// refers to.
func (w *world) loses(src string, seen map[string]bool) bool {
	src = partial.ReplaceAllString(src, "")
	if losing.MatchString(src) {
		return true
	}
	for _, name := range declared.FindAllString(src, -1) {
		if seen[name] {
			continue
		}
		seen[name] = true
		for _, p := range w.packages {
			for _, m := range body.FindAllStringSubmatch(p.decls.String(), -1) {
				if m[1] == name && w.loses(m[0], seen) {
					return true
				}
			}
		}
	}
	return false
}

// hooks are the functions that each package names for another package's types.
const hooks = `//sessiongen:via kinds.Parcel kinds.EncodeParcel kinds.DecodeParcel
//sessiongen:via *kinds.Crate kinds.EncodeCrate kinds.DecodeCrate

var _ kinds.Parcel

`

// source is the package's file.
func (p *pkg) source() ([]byte, error) {
	return file(p.name, hooks+strings.ReplaceAll(p.decls.String(), "§", ""), nil)
}

var qualifier = regexp.MustCompile(`(?m)^\s*//.*$|\b([a-z]\w*)\.[A-Z]`)

// file makes a Go file of declarations, with their imports.
func file(name, decls string, blank []string) ([]byte, error) {
	imports := map[string]bool{}
	for _, match := range qualifier.FindAllStringSubmatch(decls, -1) {
		if path := paths[match[1]]; path != "" {
			imports[path] = true
		} else if match[1] != "" {
			imports[module+"/"+match[1]] = true
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "package %s\n\nimport (\n", name)
	for path := range imports {
		fmt.Fprintf(&b, "\t%q\n", path)
	}
	for _, path := range blank {
		fmt.Fprintf(&b, "\t_ %q\n", path)
	}
	fmt.Fprintf(&b, ")\n\n%s", decls)
	return format.Source([]byte(b.String()))
}

// newWorld makes this many schemas, ten per package.
func newWorld(seed uint64, schemas int) *world {
	w := &world{Rand: rand.New(rand.NewPCG(seed, 0))}
	for n := 0; n < schemas; {
		p := &pkg{world: w, name: fmt.Sprint("p", len(w.packages))}
		w.packages = append(w.packages, p)
		for range min(10, schemas-n) {
			p.schema(n)
			n++
		}
	}
	return w
}
