package cookie

import (
	"iter"
	"strconv"
	"strings"
)

// A session that is too large for one cookie is split into chunks, each in a cookie of its own. The
// value of the first cookie begins with the number of chunks and a dot, which no token contains. The
// other values continue it. The client can choose that number, so it must be within the program's
// own limit. The joined token is authenticated like any other.

const chunkMarkSize = len("2.")

// Chunks returns how many chunks the token has whose first cookie has this value, and the value
// without that number. ok is false if the value is too long or announces more chunks than the
// program allows.
func (s *Spec) Chunks(value string) (chunks int, first string, ok bool) {
	if len(value) > MaxChunks*MaxSize { // longer than anything the runtime writes
		return 0, "", false
	}
	if len(value) < chunkMarkSize || value[1] != '.' {
		return 1, value, true
	}
	chunks = int(value[0]) - '0'
	return chunks, value[chunkMarkSize:], 2 <= chunks && chunks <= s.chunks
}

// Joins yields the tokens that begin with the chunk first and continue with the others. There is one
// token, unless the request has several cookies of one name.
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

// choices goes through every way to pick one value for each chunk's name. Chunks of one session
// usually have the same index under each name, so equal indexes come before all mixtures. This is
// not an iterator function, because r would then escape to the heap, though hardly any session has
// chunks.
type choices struct {
	picks
	alike, most int  // alike indexes out of most were picked for all names
	mixing      bool // all equal indexes were tried
}

func newChoices(others []Values) choices {
	var c choices
	for i := range others {
		c.most = max(c.most, others[i].Len())
	}
	return c
}

// next moves on to the next choice. It returns false after the last one.
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

// picks are the chosen indexes, one among the values of each chunk's name.
type picks [MaxChunks - 1]int

// next moves on to the next choice. It returns false after the last one.
func (p *picks) next(others []Values) bool {
	for i := range others {
		if p[i]++; p[i] < others[i].Len() {
			return true
		}
		p[i] = 0
	}
	return false
}

// areAlike reports whether the first n indexes are the same.
func (p *picks) areAlike(n int) bool {
	for _, index := range p[:n] {
		if index != p[0] {
			return false
		}
	}
	return true
}

// join returns the token that the picked chunks make. It returns false if a chunk is missing.
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

// Layout returns how many cookies a token of tokenLen bytes needs, and the size of their names and
// values together. chunks is 0 if the token does not fit.
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

// split returns "name=value" for each of the cookies that hold the token, as Layout counts them.
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
