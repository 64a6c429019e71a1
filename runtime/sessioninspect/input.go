package sessioninspect

import (
	"slices"
	"strings"

	"github.com/sessiongen/sessiongen/runtime/internal/cookie"
	"github.com/sessiongen/sessiongen/runtime/internal/token"
)

// usualNames are the names of the session's cookie in programs that choose none.
var usualNames = []string{"__Host-session", "session"}

// trimLines removes the names of header fields, and empty lines.
func trimLines(lines []string) (headers []string) {
	for _, line := range lines {
		line = strings.Trim(line, " \t\r")
		if name, value, ok := strings.Cut(line, ":"); ok {
			switch strings.ToLower(name) {
			case "cookie", "set-cookie":
				line = strings.Trim(value, " \t")
			}
		}
		if line != "" {
			headers = append(headers, line)
		}
	}
	return headers
}

// shortestToken is the length of the shortest token, in characters.
const shortestToken = 60

// bareToken returns the token if the input is nothing else. A cookie without a value is not a token.
// The token may be padded.
func bareToken(headers []string, name string) (text string, ok bool) {
	if len(headers) != 1 {
		return "", false
	}
	text = headers[0]
	unpadded := strings.TrimRight(text, "=")
	if strings.ContainsAny(unpadded, "=; ") || unpadded == name || unpadded != text && len(unpadded) < shortestToken {
		return "", false
	}
	return text, true
}

// chooseName returns the name of the session's cookie: a usual name if there is one, else the name
// of a cookie that looks like a session, else the first name.
func chooseName(headers []string, masters [][]byte) (string, error) {
	i, err := newInspector(masters, Options{}.withDefaults())
	if err != nil {
		return "", err
	}
	var found []string
	recognized := ""
	for _, header := range headers {
		for pair := range strings.SplitSeq(header, ";") {
			name, value, ok := strings.Cut(strings.Trim(pair, " \t"), "=")
			if !ok {
				continue
			}
			name = ownerOf(name)
			found = append(found, name)
			if recognized == "" && i.recognizes(value) {
				recognized = name
			}
		}
	}
	for _, name := range usualNames {
		if slices.Contains(found, name) {
			return name, nil
		}
	}
	switch {
	case recognized != "":
		return recognized, nil
	case len(found) > 0:
		return found[0], nil
	}
	return "", errNothing
}

// ownerOf returns the name of the session's cookie for the name of a chunk, a companion, a badge or
// a flow.
func ownerOf(name string) string {
	const partOfState = 8
	flow := strings.TrimSuffix(name, cookie.BeginMark)
	if at := len(flow) - partOfState; at > 0 {
		if owner, ok := strings.CutSuffix(flow[:at], cookie.FlowMark); ok && owner != "" {
			return owner
		}
	}
	for _, suffix := range []string{"-seen", "-bound", "-2", "-3", "-4"} {
		if owner, ok := strings.CutSuffix(name, suffix); ok && owner != "" {
			return owner
		}
	}
	return name
}

// recognizes reports whether a cookie's value names one of the keys.
func (i *inspector) recognizes(value string) bool {
	if len(value) > 2 && value[1] == '.' {
		value = value[2:]
	}
	for _, ring := range []*token.Ring{i.session, i.id, i.companion, i.badge, i.flow} {
		if ring.Recognizes(value) {
			return true
		}
	}
	return false
}
