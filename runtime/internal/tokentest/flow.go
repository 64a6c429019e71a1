package tokentest

import (
	"encoding/base64"
	"strings"
)

// A FlowState is a state that comes back, the field of which it is to be a flow, and the path of that field's
// cookies, if they have one of their own. The session's is "/".
type FlowState struct{ Field, State, Path string }

// takeFlow returns the value of the flow of a state.
func (s Settings) takeFlow(cookies map[string][]string) Outcome {
	id, ok := decode(s.Flow.State)
	if !ok || len(id) != 16 {
		return Outcome{Refused: []string{Malformed}}
	}
	name := s.Cookie + "-x-" + s.Flow.State[:8]
	if s.Flow.Path == "" {
		return outcome(s.firstFlow(cookies[name], id, false))
	}
	first := name
	if rest, host := strings.CutPrefix(name, "__Host-"); host {
		first = "__Secure-" + rest
	}
	value, reason := s.firstFlow(cookies[first], id, false)
	if reason == "" {
		_, reason = s.firstFlow(cookies[name+"-begun"], id, true)
	}
	return outcome(value, reason)
}

func outcome(value []byte, reason string) Outcome {
	if reason != "" {
		return Outcome{Refused: []string{reason}}
	}
	return Outcome{Value: value}
}

// firstFlow returns the value of the first of some tokens that is good, of first cookies or of second ones.
func (s Settings) firstFlow(texts []string, id []byte, second bool) (value []byte, reason string) {
	reason = NoFlow
	for i, text := range texts {
		if i == mostCookies {
			break
		}
		raw, why := s.openFlow(text, id, second)
		if why == "" {
			return raw, ""
		}
		if reason == NoFlow {
			reason = why
		}
	}
	return nil, reason
}

// openFlow opens a flow's token.
func (s Settings) openFlow(text string, id []byte, second bool) (value []byte, reason string) {
	plaintext, _, reason := OpenToken(s.Masters, s.Cookie, PurposeFlow, text)
	if reason != "" {
		return nil, reason
	}
	f, ok := parseFlow(plaintext)
	switch {
	case !ok:
		return nil, Malformed
	case string(f.state) != string(id) || second != (f.value == nil):
		return nil, OtherFlow
	case f.field != s.Flow.Field:
		return nil, OtherField
	case s.Time >= f.ends || f.started > s.Time+tolerated:
		return nil, Expired
	}
	return f.value, ""
}

type parsedFlow struct {
	field         string
	state, value  []byte
	started, ends int64
}

func parseFlow(plaintext []byte) (f parsedFlow, ok bool) {
	r := reader{b: plaintext}
	elements := r.item(array).n
	f.field = string(r.item(text).content)
	f.state = r.item(binaryData).content
	f.started, f.ends = r.seconds(), r.seconds()
	if elements == 5 {
		f.value = r.value()
	}
	return f, !r.failed && len(r.b) == 0 && (elements == 4 || elements == 5) && len(f.state) == 16
}

// parseFlowState reads the field, the state and perhaps the path of a file.
func parseFlowState(text string) *FlowState {
	field, rest, _ := strings.Cut(text, " ")
	state, path, _ := strings.Cut(rest, " ")
	return &FlowState{field, state, path}
}

func (f *FlowState) String() string {
	if f.Path == "" {
		return f.Field + " " + f.State
	}
	return f.Field + " " + f.State + " " + f.Path
}

// FlowPlaintext returns the plaintext of a flow's token; without a value, of its second cookie.
func FlowPlaintext(elements byte, field, state string, started, ends, value []byte) []byte {
	id, err := base64.RawURLEncoding.DecodeString(state)
	if err != nil {
		panic(err)
	}
	b := append([]byte{0x90 | elements, 0xa0 | byte(len(field))}, field...)
	b = append(append(b, 0xc4, byte(len(id))), id...)
	return append(append(append(b, started...), ends...), value...)
}
