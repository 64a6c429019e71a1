package runtime

import (
	"strconv"
	"strings"
)

// A session that is too large for one cookie is split over several. The value of the
// first one then begins with their number and a dot, which no token has; the values of
// the others continue it. That number is the client's word: it must be within the
// manager's own bound, and the token that the chunks make up is authenticated like
// any other.

const maxChunks = 4

const chunkMarkSize = len("2.")

// join returns the token whose first chunk is value; ok is false if a chunk is missing
// or too long, or there are more than the manager allows.
func (c *cookieConfig) join(value string, r *received) (token string, ok bool) {
	if len(value) > maxChunks*maxCookieSize { // more than any sealer makes
		return "", false
	}
	if len(value) < chunkMarkSize || value[1] != '.' {
		return value, true
	}
	chunks := int(value[0]) - '0'
	if chunks < 2 || chunks > c.chunks {
		return "", false
	}
	var b strings.Builder
	b.WriteString(value[chunkMarkSize:])
	for _, chunk := range r.siblings[:chunks-1] {
		if chunk == "" || len(chunk) > maxCookieSize {
			return "", false
		}
		b.WriteString(chunk)
	}
	return b.String(), true
}

// layout returns over how many cookies a token of a length is split, and the size of all
// their names and values. Chunks are 0 if there is no room for it.
func (c *cookieConfig) layout(tokenLen int) (chunks, size int) {
	size = len(c.name) + tokenLen
	if size <= maxCookieSize {
		return 1, size
	}
	if c.chunks == 1 {
		return 0, size
	}
	size += chunkMarkSize
	for chunks = 2; ; chunks++ {
		size += len(c.siblings[chunks-2])
		if size <= chunks*maxCookieSize {
			return chunks, size
		}
		if chunks == c.chunks {
			return 0, size
		}
	}
}

// split returns the names and values of several cookies for a token, as layout says.
func (c *cookieConfig) split(token []byte, chunks int) []string {
	pairs := make([]string, chunks)
	for i := range pairs {
		start := c.name + "=" + strconv.Itoa(chunks) + "."
		if i > 0 {
			start = c.siblings[i-1] + "="
		}
		n := min(len(token), maxCookieSize-(len(start)-len("=")))
		pairs[i] = start + string(token[:n])
		token = token[n:]
	}
	return pairs
}
