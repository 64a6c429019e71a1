package cookie

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unsafe"
)

// A Line is a Set-Cookie header field of the session's cookie that is being made: the name
// and the equals sign, to which the caller appends the value.
type Line []byte

// NewLine begins the line of the session's cookie, with room for a value of valueLen bytes
// and the attributes. A maxAge of 0, in seconds, leaves the cookie's end to the browser's.
func (s *Spec) NewLine(valueLen int, maxAge int64) Line {
	size := len(s.name) + len("=") + valueLen + s.attributesSize(maxAge)
	return append(append(make(Line, 0, size), s.name...), '=')
}

// AppendLines appends the header fields for a token, which follows the name in a line from
// NewLine, as chunks cookies. The line must not be used any more.
func (s *Spec) AppendLines(lines []string, line Line, chunks int, maxAge, now int64) []string {
	if chunks == 1 {
		line = s.appendAttributes(line, maxAge, now)
		return append(lines, unsafe.String(unsafe.SliceData(line), len(line)))
	}
	for _, pair := range s.split(line[len(s.name)+len("="):], chunks) {
		lines = append(lines, string(s.appendAttributes([]byte(pair), maxAge, now)))
	}
	return lines
}

// AppendCompanion appends the header field of the companion or the badge. It begins in buf, which has
// its name, the equals sign and its value, and is returned with what was added.
func (s *Spec) AppendCompanion(lines []string, buf []byte, maxAge, now int64) ([]string, []byte) {
	buf = s.appendAttributes(buf, maxAge, now)
	return append(lines, string(buf)), buf
}

// AppendDeletions removes the session's cookie and those siblings that the browser has.
func (s *Spec) AppendDeletions(lines []string, has Siblings) []string {
	return s.appendDeletions(lines, s.scope, has)
}

// AppendFormerDeletions removes the cookies of the former scopes. It belongs before what sets the
// cookies of the scope that there is now.
func (s *Spec) AppendFormerDeletions(lines []string, has Siblings) []string {
	for _, scope := range s.former {
		lines = s.appendDeletions(lines, scope, has)
	}
	return lines
}

// AppendSiblingDeletions removes siblings.
func (s *Spec) AppendSiblingDeletions(lines []string, siblings Siblings) []string {
	return s.appendSiblingDeletions(lines, s.scope, siblings)
}

func (s *Spec) appendDeletions(lines []string, scope string, has Siblings) []string {
	return s.appendSiblingDeletions(append(lines, deletion(s.name, scope)), scope, has)
}

func (s *Spec) appendSiblingDeletions(lines []string, scope string, siblings Siblings) []string {
	if siblings == 0 {
		return lines
	}
	for i, name := range s.siblings {
		if siblings.Has(Sibling(i)) {
			lines = append(lines, deletion(name, scope))
		}
	}
	return lines
}

// deletion returns the header field that removes the cookie of a name and a scope.
func deletion(name, scope string) string {
	return name + "=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT" + scope
}

// appendAttributes appends what follows a cookie's value.
func (s *Spec) appendAttributes(dst []byte, maxAge, now int64) []byte {
	return append(s.appendAge(dst, maxAge, now), s.scope...)
}

// appendAge appends how long a cookie lasts.
func (s *Spec) appendAge(dst []byte, maxAge, now int64) []byte {
	if maxAge > 0 {
		dst = append(dst, "; Max-Age="...)
		dst = strconv.AppendInt(dst, maxAge, 10)
		dst = append(dst, "; Expires="...)
		dst = append(dst, s.expiresAt(now+maxAge)...)
	}
	return dst
}

// attributesSize is how many bytes appendAttributes appends, at most.
func (s *Spec) attributesSize(maxAge int64) int {
	if maxAge == 0 {
		return len(s.scope)
	}
	return len("; Max-Age=34560000; Expires=") + len(http.TimeFormat) + len(s.scope)
}

// expires is an Expires attribute: most sessions of the same second have the same one.
type expires struct {
	unix int64
	text string
}

func (s *Spec) expiresAt(unix int64) string {
	if e := s.expires.Load(); e != nil && e.unix == unix {
		return e.text
	}
	e := &expires{unix, time.Unix(unix, 0).UTC().Format(http.TimeFormat)}
	s.expires.Store(e)
	return e.text
}

// Replace puts Set-Cookie header fields for the session's cookies into a response, in place of
// those that were there for the same cookies, or for those of flows that have a line. The program may
// share the slices of its header between responses: they stay as they are.
func (s *Spec) Replace(h http.Header, lines, flows []string) {
	const key = "Set-Cookie"
	if others := h[key]; len(others) > 0 {
		kept := make([]string, 0, len(others)+len(lines))
		for _, line := range others {
			if !s.owns(line) && !slices.ContainsFunc(flows, sameName(line)) {
				kept = append(kept, line)
			}
		}
		lines = append(kept, lines...)
	}
	if len(lines) == 0 {
		delete(h, key)
		return
	}
	h[key] = lines
}

// sameName returns what reports whether a line is for a cookie of the same name as another.
func sameName(line string) func(other string) bool {
	name, _, _ := strings.Cut(line, "=")
	return func(other string) bool {
		rest, ok := strings.CutPrefix(other, name)
		return ok && strings.HasPrefix(rest, "=")
	}
}

// owns reports whether a Set-Cookie header field is for a cookie of the session.
func (s *Spec) owns(line string) bool {
	rest, ok := strings.CutPrefix(line, s.name)
	if !ok || rest == "" {
		return false
	}
	if rest[0] == '-' {
		name, _, _ := strings.Cut(line, "=")
		for _, sibling := range s.siblings {
			if name == sibling {
				return true
			}
		}
	}
	return rest[0] == '='
}
