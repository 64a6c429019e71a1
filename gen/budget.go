package gen

import (
	"cmp"
	"fmt"
	"go/types"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/sessiongen/sessiongen/internal/code"
	"github.com/sessiongen/sessiongen/schema"
)

// The sizes that the runtime adds to fields, in bytes. A test of the runtime checks them.
const (
	// cookieLimit limits a cookie's name and value together (RFC 6265bis section 5.6).
	cookieLimit = 4096
	cookieName  = "__Host-session"

	// tokenOverhead is suite, key id, nonce and tag.
	tokenOverhead = 1 + 4 + 24 + 16

	// secondsSize is the size of a number of seconds below 2^32: Unix time until 2106, or a duration of 136 years.
	secondsSize = 5
)

// A Budget says how large the sessions of a schema can get, in bytes: the cookie under its default name with the
// fields of this schema, and the cookies of its flows.
type Budget struct {
	Schema *schema.Schema
	Fields []FieldBudget // of the session itself, in the schema's order
	Flows  []FlowBudget  // in the schema's order

	// Cookie is the size of the largest sealed cookie, name and value together, without unbounded fields.
	Cookie int

	// Header is the size of the largest Cookie header field, with that cookie and those of all flows.
	Header int

	// Bound is the size of Cookie when the session is bound to a device, and Badge that of the separate cookie this
	// needs: see Config.DeviceBound of the runtime. Both are 0 without a principal.
	Bound, Badge int
}

// A FieldBudget says how large one field can get.
type FieldBudget struct {
	Field *schema.Field
	Bytes int // of key and value, encoded but not sealed; 0 if unbounded

	// Unbounded is the part that may have any size, such as cart[].Name; "" if there is none.
	Unbounded string
}

// BudgetOf returns the budget of a schema.
func BudgetOf(s *schema.Schema) *Budget {
	b := &Budget{Schema: s}
	plaintext, expiring, expiries := 0, 0, 0
	authenticated := 1
	stored := s.Stored()
	for _, f := range stored {
		value := bounds{}.field(f)
		field := FieldBudget{Field: f, Unbounded: value.unbounded}
		if value.unbounded == "" {
			field.Bytes = stringSize(len(f.Key)) + value.bytes
			plaintext += field.Bytes
		}
		if f.TTL > 0 {
			expiring++
			expiries += stringSize(len(f.Key)) + secondsSize
		}
		if f.Principal {
			authenticated = secondsSize
		}
		b.Fields = append(b.Fields, field)
	}
	if expiring > 0 {
		expiries += listHeader(expiring)
	}
	const id, created, seen, flags = 2 + 16, secondsSize, secondsSize, 1
	metadata := 1 + id + created + seen + authenticated + flags + expiries
	plaintext += 1 + metadata + listHeader(len(stored))
	b.Cookie = len(cookieName) + sealedSize(plaintext)
	if s.Principal() != nil {
		b.addDevice(plaintext, expiring > 0)
	}
	b.addFlows()
	return b
}

// addDevice adds the sizes that bind a session to a device.
func (b *Budget) addDevice(plaintext int, expires bool) {
	const thumbprint, id, number = 2 + 16, 2 + 16, 2 // offers are at most 255
	element := 2 + 1 + 16                            // with its tag
	if !expires {
		element += listHeader(0) // of the expiries, which come first
	}
	b.Bound = len(cookieName) + sealedSize(plaintext+element)
	b.Badge = len(cookieName+"-bound") + sealedSize(1+1+thumbprint+id+secondsSize+number)
}

// sealedSize is the size of a token for a plaintext of n bytes, in base64url without padding.
func sealedSize(n int) int { return ((n+tokenOverhead)*8 + 5) / 6 }

// unbounded lists the fields that may have any size.
func (b *Budget) unbounded() []string {
	var names []string
	for _, f := range b.Fields {
		if f.Unbounded != "" {
			names = append(names, f.Field.GoName)
		}
	}
	return names
}

// Findings reports a schema without unbounded fields whose largest values exceed a cookie, or whose cookies exceed a
// header field.
func (b *Budget) Findings() schema.Findings {
	if len(b.unbounded()) > 0 || b.Cookie <= cookieLimit {
		return b.headerFindings()
	}
	largest := slices.SortedStableFunc(slices.Values(b.Fields), func(x, y FieldBudget) int { return cmp.Compare(y.Bytes, x.Bytes) })
	var names []string
	for _, f := range largest[:min(3, len(largest))] {
		names = append(names, fmt.Sprintf("%s (%d bytes)", f.Field.GoName, f.Bytes))
	}
	return schema.Findings{schema.NewFinding(code.TooLarge, b.Schema.Pos, "lower their max= or each=, or store a key to what can be looked up",
		"schema %s may need a cookie of %d bytes, and browsers keep %d; the largest fields are %s",
		b.Schema.Name, b.Cookie, cookieLimit, strings.Join(names, ", "))}
}

// Finding says the budget in one sentence, and which options would bound the unbounded fields.
func (b *Budget) Finding() schema.Finding {
	var cures []string
	for _, f := range b.Fields {
		if f.Unbounded != "" {
			cures = append(cures, f.Unbounded+": "+f.cure())
		}
	}
	text := strings.TrimSuffix(b.doc(), ".")
	return schema.NewFinding(code.Size, b.Schema.Pos, strings.Join(cures, "; "), "schema %s: %s%s", b.Schema.Name, strings.ToLower(text[:1])+text[1:], b.flowsText())
}

// String is the budget as a table.
func (b *Budget) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s: schema %s, worst case in bytes\n", b.Schema.Pos, b.Schema.Name)
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprint(table, "\tfield\tkey\tsize\n")
	for _, f := range b.Fields {
		size := fmt.Sprint(f.Bytes)
		if f.Unbounded != "" {
			size = "unbounded"
			if f.Unbounded != f.Field.Key {
				size += ": " + f.Unbounded
			}
			size += "; " + f.cure()
		}
		fmt.Fprintf(table, "\t%s\t%s\t%s\n", f.Field.GoName, f.Field.Key, size)
	}
	left := fmt.Sprintf("%d left of %d", cookieLimit-b.Cookie, cookieLimit)
	if b.Cookie > cookieLimit {
		left = fmt.Sprintf("%d more than %d", b.Cookie-cookieLimit, cookieLimit)
	}
	if len(b.unbounded()) > 0 {
		fmt.Fprintf(table, "\tsealed cookie\t\tunbounded; %d without the unbounded fields, %s\n", b.Cookie, left)
	} else {
		fmt.Fprintf(table, "\tsealed cookie\t\t%d, %s\n", b.Cookie, left)
	}
	if b.Bound > 0 {
		fmt.Fprintf(table, "\tbound to a device\t\t%d more, and a badge of %d\n", b.Bound-b.Cookie, b.Badge)
	}
	b.writeFlows(table)
	table.Flush()
	return text.String()
}

// cure says which options would bound the field.
func (f FieldBudget) cure() string {
	limited := *f.Field
	var missing []string
	switch limited.Type.Kind {
	case schema.String, schema.Bytes, schema.Slice, schema.Map:
		if limited.Max == 0 {
			missing = append(missing, "max=N")
		}
		limited.Max = 1
	}
	if (bounds{}).field(&limited).unbounded != "" && limited.Each == 0 {
		switch limited.Type.Kind {
		case schema.Slice, schema.Array, schema.Map:
			limited.Each = 1
			missing = append(missing, "each=N")
		}
	}
	switch {
	case (bounds{}).field(&limited).unbounded != "":
		return "no option bounds it"
	case len(missing) == 0:
		return "a smaller max= or each= bounds it"
	}
	return strings.Join(missing, ",") + " bounds it"
}

// doc is the budget as a sentence about the generated type.
func (b *Budget) doc() string {
	names := b.unbounded()
	switch n := len(names); {
	case n == 0 && b.Cookie <= cookieLimit:
		return fmt.Sprintf("Its cookie takes at most %d of the %d bytes that browsers keep.", b.Cookie, cookieLimit)
	case n == 0:
		return fmt.Sprintf("Its cookie may take %d bytes, more than the %d that browsers keep.", b.Cookie, cookieLimit)
	case n == 1:
		return fmt.Sprintf("Nothing bounds %s; browsers keep cookies of at most %d bytes.", names[0], cookieLimit)
	case n > 3:
		names = append(names[:3:3], fmt.Sprintf("%d more", n-3))
	}
	last := len(names) - 1
	return fmt.Sprintf("Nothing bounds %s and %s; browsers keep cookies of at most %d bytes.",
		strings.Join(names[:last], ", "), names[last], cookieLimit)
}

// A bound is the size of the largest encoding of a value, or the part of the value that has no bound.
type bound struct {
	bytes     int
	unbounded string
}

// field is the bound of a schema's field.
func (in bounds) field(f *schema.Field) bound {
	return in.value(f.Type, limit{f.Max, f.Each}, f.Key)
}

// A limit has the options max and each of a value; 0 means none.
type limit struct{ max, each int }

// element is the bound of an element or, with two parts, of a pair. The limit may bound each part.
func (l limit) element(parts ...bound) bound {
	var sum bound
	for _, part := range parts {
		sum.unbounded = cmp.Or(sum.unbounded, part.unbounded)
		sum.bytes += part.bytes
	}
	if l.each > 0 && (sum.unbounded != "" || sum.bytes > l.each) {
		return bound{bytes: l.each}
	}
	return sum
}

// bounds holds the structs, arrays and pointers around the value: each is a *schema.Struct or *schema.Type.
type bounds []any

// value is the bound of a value of type t.
func (in bounds) value(t *schema.Type, l limit, path string) bound {
	unlimited := bound{unbounded: path}
	if t.Kind == schema.Array || t.Kind == schema.Pointer {
		if slices.Contains(in, any(t)) {
			return unlimited // it contains itself: type Ring [2]*Ring
		}
		in = append(slices.Clip(in), t)
	}
	switch t.Kind {
	case schema.Bool:
		return bound{bytes: 1}
	case schema.Int, schema.Uint:
		// All use the fewest bytes possible, which is most for the extremes.
		return bound{bytes: 1 + int(types.SizesFor("gc", "amd64").Sizeof(t.Go.Underlying()))}
	case schema.Float32:
		return bound{bytes: 5}
	case schema.Float64:
		return bound{bytes: 9}
	case schema.Time:
		return bound{bytes: 15} // seconds in 64 bits and nanoseconds, for times before 1970
	case schema.ByteArray:
		return bound{bytes: bytesSize(int(t.Len))}
	case schema.Array:
		return listBound(path, int(t.Len), l.element(in.value(t.Elem, limit{}, path+"[]")))
	case schema.Pointer:
		return in.value(t.Elem, limit{}, path)
	case schema.StructKind:
		return in.members(t.Struct, path)
	}
	if l.max == 0 {
		return unlimited
	}
	switch t.Kind {
	case schema.String:
		return bound{bytes: stringSize(l.max)}
	case schema.Bytes:
		return bound{bytes: bytesSize(l.max)}
	case schema.Slice:
		return listBound(path, l.max, l.element(in.value(t.Elem, limit{}, path+"[]")))
	case schema.Map:
		return listBound(path, l.max, l.element(in.value(t.Key, limit{}, path+"[key]"), in.value(t.Elem, limit{}, path+"[]")))
	}
	return unlimited // written by methods, and any
}

// listBound is the bound of an array or map of n elements or pairs. A gigabyte or more counts as unbounded.
func listBound(path string, n int, element bound) bound {
	switch {
	case element.unbounded != "":
		return element
	case n > 1<<30/element.bytes:
		return bound{unbounded: path}
	}
	return bound{bytes: listHeader(n) + n*element.bytes}
}

func (in bounds) members(s *schema.Struct, path string) bound {
	if slices.Contains(in, any(s)) {
		return bound{unbounded: path} // it contains itself
	}
	in = append(slices.Clip(in), s)
	sum := bound{bytes: listHeader(len(s.Members))}
	for _, m := range s.Members {
		value := in.value(m.Type, limit{}, path+"."+m.Name)
		if value.unbounded != "" {
			return value
		}
		sum.bytes += value.bytes
		if !s.AsArray {
			sum.bytes += stringSize(len(m.Name))
		}
	}
	return sum
}

// listHeader is the size of the header of an array or map of n elements or pairs.
func listHeader(n int) int {
	switch {
	case n < 16:
		return 1
	case n < 1<<16:
		return 3
	}
	return 5
}

// stringSize is the size of a string of n bytes.
func stringSize(n int) int {
	if n < 32 {
		return 1 + n
	}
	return bytesSize(n)
}

// bytesSize is the size of a binary value of n bytes, or of a longer string.
func bytesSize(n int) int {
	switch {
	case n < 1<<8:
		return 2 + n
	case n < 1<<16:
		return 3 + n
	}
	return 5 + n
}
