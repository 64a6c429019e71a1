package cookie

import (
	"iter"
	"strings"
)

const (
	// maxCookies bounds how many cookies are looked at in which the session's name occurs at all.
	// net/http gives up at 3,000 of any name.
	maxCookies = 4000

	// maxValues bounds how many cookies of one name are kept: more than any browser keeps for all
	// names of a site.
	maxValues = 200
)

// Received is what a request carries of a session, not authenticated.
type Received struct {
	candidates Values
	siblings   [siblingCount]Values

	Siblings Siblings // those that there are, whatever they hold
	Any      bool     // there is a cookie of the session's name, whatever it holds
}

// Values are those of the cookies of one name, in their order, without the empty ones. There is
// hardly ever more than one: a subdomain can plant others, and so can a change of Domain or Path.
type Values struct {
	first string
	more  []string
}

func (v *Values) add(value string) {
	if v.first == "" {
		v.first = value
	} else if value != "" && len(v.more) < maxValues-1 {
		v.more = append(v.more, value)
	}
}

// At returns the value with an index, empty if there are not so many.
func (v *Values) At(i int) string {
	switch {
	case i == 0:
		return v.first
	case i <= len(v.more):
		return v.more[i-1]
	}
	return ""
}

// Len returns how many values there are.
func (v *Values) Len() int {
	if v.first == "" {
		return 0
	}
	return 1 + len(v.more)
}

// All yields the values.
func (v Values) All() iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range v.Len() {
			if !yield(v.At(i)) {
				return
			}
		}
	}
}

// Candidates are the values to be tried.
func (r *Received) Candidates() Values { return r.candidates }

// Companions are the values of the companion.
func (r *Received) Companions() Values { return r.siblings[Companion] }

// Badges are the values of the badge.
func (r *Received) Badges() Values { return r.siblings[Badge] }

// Find looks for the session's cookies in the values of the Cookie header fields, in their
// order (RFC 6265 section 4.2.1: a client sends the one with the longest path first).
func (s *Spec) Find(headers []string, r *Received) {
	left := maxCookies
	for _, header := range headers {
		for left > 0 && header != "" {
			// Searching for the name takes less than splitting everything: the other cookies of a
			// request are not this package's. Often there are none.
			at := 0
			if !strings.HasPrefix(header, s.name) {
				at = strings.Index(header, s.name)
			}
			if at < 0 {
				break
			}
			left--
			before := trimRight(header[:at])
			pair, rest, _ := strings.Cut(header[at:], ";")
			if before == "" || before[len(before)-1] == ';' {
				s.findPair(trimRight(pair), r)
			}
			header = rest
		}
	}
}

// findPair looks at a cookie whose name begins with the session's.
func (s *Spec) findPair(pair string, r *Received) {
	rest := pair[len(s.name):]
	switch {
	case rest == "":
	case rest[0] == '=':
		r.Any = true
		r.candidates.add(rest[1:])
	case rest[0] == '-':
		s.findSibling(pair, r)
	}
}

func (s *Spec) findSibling(pair string, r *Received) {
	name, value, _ := strings.Cut(pair, "=")
	for i, sibling := range s.siblings {
		if name == sibling {
			r.Siblings = r.Siblings.With(Sibling(i))
			if len(value) <= MaxSize { // longer ones are no sealer's
				r.siblings[i].add(value)
			}
		}
	}
}

// trimRight removes white space after s, as strings.TrimRight would.
func trimRight(s string) string {
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}

// Named returns the values of the cookies with a name, at most so many, and not those that are empty.
// Quotes around a value are left out, as net/http does.
func Named(headers []string, name string, most int) (values []string) {
	for _, header := range headers {
		for pair := range strings.SplitSeq(header, ";") {
			n, value, _ := strings.Cut(strings.Trim(pair, " \t"), "=")
			if n != name || value == "" {
				continue
			}
			if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
				value = value[1 : len(value)-1]
			}
			if values = append(values, value); len(values) == most {
				return values
			}
		}
	}
	return values
}
