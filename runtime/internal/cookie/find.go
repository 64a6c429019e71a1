package cookie

import (
	"iter"
	"strings"
)

// maxCandidates bounds how many cookies of the session's name are looked at: a request
// cannot make the server work for longer.
const maxCandidates = 8

// Received is what a request carries of a session, not authenticated.
type Received struct {
	first    string               // the value of the first cookie with the session's name, unless it is empty
	more     []string             // the values of the others, as far as they are looked at
	siblings [siblingCount]string // the value of the first cookie of each name

	Siblings Siblings // those that there are, whatever they hold
	Any      bool     // there is a cookie of the session's name, whatever it holds
}

// Candidates yields the values to be tried.
func (r *Received) Candidates() iter.Seq[string] {
	return func(yield func(string) bool) {
		if r.first == "" || !yield(r.first) {
			return
		}
		for _, value := range r.more {
			if !yield(value) {
				return
			}
		}
	}
}

// Companion returns the value of the companion, empty if there is none.
func (r *Received) Companion() string { return r.siblings[Companion] }

// Find looks for the session's cookies in the values of the Cookie header fields, in their
// order (RFC 6265 section 4.2.1: a client sends the one with the longest path first).
func (s *Spec) Find(headers []string, r *Received) {
	for _, header := range headers {
		for header != "" {
			var pair string
			pair, header, _ = strings.Cut(header, ";")
			s.findPair(trim(pair), r)
		}
	}
}

func (s *Spec) findPair(pair string, r *Received) {
	rest, ok := strings.CutPrefix(pair, s.name)
	if !ok || rest == "" {
		return
	}
	switch value := rest[1:]; rest[0] {
	case '=':
		r.Any = true
		if r.first == "" {
			r.first = value
		} else if value != "" && len(r.more) < maxCandidates-1 {
			r.more = append(r.more, value)
		}
	case '-':
		s.findSibling(pair, r)
	}
}

func (s *Spec) findSibling(pair string, r *Received) {
	name, value, _ := strings.Cut(pair, "=")
	for i, sibling := range s.siblings {
		if name == sibling && r.siblings[i] == "" {
			r.siblings[i] = value
			r.Siblings = r.Siblings.With(Sibling(i))
		}
	}
}

// trim removes white space around s, as strings.Trim would.
func trim(s string) string {
	for s != "" && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}
