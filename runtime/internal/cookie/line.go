package cookie

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unsafe"
)

// A Line is the beginning of a Set-Cookie header field for the session's cookie: its name and the
// equals sign. The caller appends the value.
type Line []byte

// NewLine returns the beginning of a line, with capacity for a value of valueLen bytes and the
// attributes. maxAge is in seconds. If it is 0, the cookie ends when the browser closes.
func (s *Spec) NewLine(valueLen int, maxAge int64) Line {
	size := len(s.name) + len("=") + valueLen + s.attributesSize(maxAge)
	return append(append(make(Line, 0, size), s.name...), '=')
}

// AppendLines appends the header fields for a token to lines, split into so many chunks. The line
// comes from NewLine, followed by the token. It must not be used afterwards.
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

// AppendCompanion appends the header field for the companion or the badge to lines. On entry buf
// holds the cookie's name, the equals sign and the value. The returned buf also holds the
// attributes, and can be reused.
func (s *Spec) AppendCompanion(lines []string, buf []byte, maxAge, now int64) ([]string, []byte) {
	buf = s.appendAttributes(buf, maxAge, now)
	return append(lines, string(buf)), buf
}

// AppendDeletions appends the header fields that remove the session's cookie and the siblings that
// the browser has.
func (s *Spec) AppendDeletions(lines []string, has Siblings) []string {
	return s.appendDeletions(lines, s.scope, has)
}

// AppendFormerDeletions appends the header fields that remove the cookies of the former scopes. They
// must come before those that set cookies in the current scope.
func (s *Spec) AppendFormerDeletions(lines []string, has Siblings) []string {
	for _, scope := range s.former {
		lines = s.appendDeletions(lines, scope, has)
	}
	return lines
}

// AppendSiblingDeletions appends the header fields that remove the siblings.
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

// deletion returns the header field that removes the cookie with this name and scope.
func deletion(name, scope string) string {
	return name + "=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT" + scope
}

// appendAttributes appends a cookie's lifetime and scope, which follow its value.
func (s *Spec) appendAttributes(dst []byte, maxAge, now int64) []byte {
	return append(s.appendAge(dst, maxAge, now), s.scope...)
}

// appendAge appends the attributes for a cookie's lifetime. maxAge and now are in seconds.
func (s *Spec) appendAge(dst []byte, maxAge, now int64) []byte {
	if maxAge > 0 {
		dst = append(dst, "; Max-Age="...)
		dst = strconv.AppendInt(dst, maxAge, 10)
		dst = append(dst, "; Expires="...)
		dst = append(dst, s.expiresAt(now+maxAge)...)
	}
	return dst
}

// attributesSize returns at most how many bytes appendAttributes appends.
func (s *Spec) attributesSize(maxAge int64) int {
	if maxAge == 0 {
		return len(s.scope)
	}
	return len("; Max-Age=34560000; Expires=") + len(http.TimeFormat) + len(s.scope)
}

// expires is the value of an Expires attribute. Most cookies that are set within one second share
// it.
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

// Replace adds Set-Cookie header fields to a response. It first removes earlier ones for the
// session's cookies, and for the flows' cookies that have a new line in flows. It does not write to
// the slices in h, because the program may share them between responses.
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

// sameName returns a function that reports whether another line sets the cookie that line sets.
func sameName(line string) func(other string) bool {
	name, _, _ := strings.Cut(line, "=")
	return func(other string) bool {
		rest, ok := strings.CutPrefix(other, name)
		return ok && strings.HasPrefix(rest, "=")
	}
}

// owns reports whether a Set-Cookie header field sets one of the session's cookies.
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
