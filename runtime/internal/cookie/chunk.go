package cookie

import (
	"strconv"
	"strings"
)

// A session that is too large for one cookie is split over several. The value of the first one
// then begins with their number and a dot, which no token has; the values of the others
// continue it. That number is the client's word: it must be within the program's own bound,
// and the token that the chunks make up is authenticated like any other.

const chunkMarkSize = len("2.")

// Join returns the token whose first chunk is value; ok is false if a chunk is missing or too
// long, or there are more than the program allows.
func (s *Spec) Join(value string, r *Received) (token string, ok bool) {
	if len(value) > MaxChunks*MaxSize { // more than any sealer makes
		return "", false
	}
	if len(value) < chunkMarkSize || value[1] != '.' {
		return value, true
	}
	chunks := int(value[0]) - '0'
	if chunks < 2 || chunks > s.chunks {
		return "", false
	}
	var b strings.Builder
	b.WriteString(value[chunkMarkSize:])
	for _, chunk := range r.siblings[:chunks-1] {
		if chunk == "" || len(chunk) > MaxSize {
			return "", false
		}
		b.WriteString(chunk)
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
