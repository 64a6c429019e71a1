package cookie

import (
	"iter"
	"strings"
)

const (
	// maxCookies bounds how many places that contain the session's name are examined. net/http
	// reads no cookies at all from a request with more than 3,000.
	maxCookies = 4000

	// maxValues bounds how many cookies of one name are kept. It is more than any browser keeps for
	// a whole site.
	maxValues = 200
)

// Received holds the cookies of a session that came with a request. Nothing in it is authenticated.
type Received struct {
	candidates Values
	siblings   [siblingCount]Values

	Siblings Siblings // the siblings in the request, whatever their values are
	Any      bool     // the request has a cookie of the session's name, whatever its value is
}

// Values are the values of all cookies of one name, in order and without empty ones. There is hardly
// ever more than one. A subdomain can plant others, and a change of Domain or Path can leave others
// behind.
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

// At returns the value at an index, or "" if there are fewer.
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

// Candidates returns the values of the session's cookie, which are to be tried.
func (r *Received) Candidates() Values { return r.candidates }

// Companions returns the values of the companion cookie.
func (r *Received) Companions() Values { return r.siblings[Companion] }

// Badges returns the values of the badge cookie.
func (r *Received) Badges() Values { return r.siblings[Badge] }

// Find collects the session's cookies from the values of the Cookie header fields, in their order. A
// client sends the cookie with the longest path first (RFC 6265 section 5.4).
func (s *Spec) Find(headers []string, r *Received) {
	left := maxCookies
	for _, header := range headers {
		for left > 0 && header != "" {
			// Searching for the name is faster than splitting the whole header: most cookies in a
			// request are not the session's, and often none is.
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

// findPair adds the cookie if it is one of the session's. Its name begins with the session's name.
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
			if len(value) <= MaxSize { // the runtime writes no longer ones
				r.siblings[i].add(value)
			}
		}
	}
}

// trimRight removes spaces and tabs at the end of s.
func trimRight(s string) string {
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}

// Named returns the values of the cookies called name, at most most of them, without empty ones. It
// removes the quotes around a value, as net/http does.
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
