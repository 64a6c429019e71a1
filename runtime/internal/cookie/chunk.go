package cookie

import (
	"iter"
	"strconv"
	"strings"
)

// A session that is too large for one cookie is split over several. The value of the first one
// then begins with their number and a dot, which no token has; the values of the others
// continue it. That number is the client's word: it must be within the program's own bound,
// and the token that the chunks make up is authenticated like any other.

const chunkMarkSize = len("2.")

// Chunks returns over how many cookies the token is split whose first one has a value, and that
// value without their number; ok is false if it is too long, or there are more than the program
// allows.
func (s *Spec) Chunks(value string) (chunks int, first string, ok bool) {
	if len(value) > MaxChunks*MaxSize { // more than any sealer makes
		return 0, "", false
	}
	if len(value) < chunkMarkSize || value[1] != '.' {
		return 1, value, true
	}
	chunks = int(value[0]) - '0'
	return chunks, value[chunkMarkSize:], 2 <= chunks && chunks <= s.chunks
}

// Joins yields the tokens that begin with a first chunk and go on with the others: one, unless a
// name came several times.
func (r *Received) Joins(first string, chunks int) iter.Seq[string] {
	return func(yield func(string) bool) {
		others := r.siblings[:chunks-1]
		for c := newChoices(others); c.next(others); {
			if token, ok := c.join(first, others); ok && !yield(token) {
				return
			}
		}
	}
}

// choices goes through every way to pick one value of each chunk's name. Chunks of the same scope
// mostly are the same in the order of their names, so those of one index come before all
// mixtures. It is no iterator: r would then be allocated, though hardly any session has chunks.
type choices struct {
	picks
	alike, most int  // how many indexes were picked for all, of how many
	mixing      bool // that is over
}

func newChoices(others []Values) choices {
	var c choices
	for i := range others {
		c.most = max(c.most, others[i].Len())
	}
	return c
}

// next goes on to the next choice. It is false after the last one.
func (c *choices) next(others []Values) bool {
	if c.alike < c.most {
		c.picks = picks{c.alike, c.alike, c.alike}
		c.alike++
		return true
	}
	if !c.mixing {
		c.mixing, c.picks = true, picks{}
	}
	for c.picks.next(others) {
		if !c.picks.areAlike(len(others)) {
			return true
		}
	}
	return false
}

// picks are the indexes of the values that are chosen among those of each chunk's name.
type picks [MaxChunks - 1]int

// next goes on to the next choice. It is false after the last one.
func (p *picks) next(others []Values) bool {
	for i := range others {
		if p[i]++; p[i] < others[i].Len() {
			return true
		}
		p[i] = 0
	}
	return false
}

// areAlike reports whether all are the same.
func (p *picks) areAlike(n int) bool {
	for _, index := range p[:n] {
		if index != p[0] {
			return false
		}
	}
	return true
}

// join is false if one of the chunks is missing.
func (p *picks) join(first string, others []Values) (token string, ok bool) {
	size := len(first)
	for i := range others {
		chunk := others[i].At(p[i])
		if chunk == "" {
			return "", false
		}
		size += len(chunk)
	}
	var b strings.Builder
	b.Grow(size)
	b.WriteString(first)
	for i := range others {
		b.WriteString(others[i].At(p[i]))
	}
	return b.String(), true
}

// Layout returns over how many cookies a token of a length is split, and the size of all
// their names and values. Chunks are 0 if there is no room for it.
func (s *Spec) Layout(tokenLen int) (chunks, size int) {
	size = len(s.name) + tokenLen
	if size <= MaxSize {
		return 1, size
	}
	if s.chunks == 1 {
		return 0, size
	}
	size += chunkMarkSize
	for chunks = 2; ; chunks++ {
		size += len(s.siblings[chunks-2])
		if size <= chunks*MaxSize {
			return chunks, size
		}
		if chunks == s.chunks {
			return 0, size
		}
	}
}

// split returns the names and values of several cookies for a token, as Layout says.
func (s *Spec) split(token []byte, chunks int) []string {
	pairs := make([]string, chunks)
	for i := range pairs {
		start := s.name + "=" + strconv.Itoa(chunks) + "."
		if i > 0 {
			start = s.siblings[i-1] + "="
		}
		n := min(len(token), MaxSize-(len(start)-len("=")))
		pairs[i] = start + string(token[:n])
		token = token[n:]
	}
	return pairs
}
