package tokentest

import (
	"encoding/base64"
	"strings"
)

// A FlowState is a state that comes back, and the field of which it is to be a flow.
type FlowState struct{ Field, State string }

// takeFlow returns the value of the flow of a state.
func (s Settings) takeFlow(cookies map[string][]string) Outcome {
	id, ok := decode(s.Flow.State)
	if !ok || len(id) != 16 {
		return Outcome{Refused: []string{Malformed}}
	}
	first := NoFlow
	for i, value := range cookies[s.Cookie+"-x-"+s.Flow.State[:8]] {
		if i == 16 {
			break
		}
		raw, reason := s.openFlow(value, id)
		if reason == "" {
			return Outcome{Value: raw}
		}
		if first == NoFlow {
			first = reason
		}
	}
	return Outcome{Refused: []string{first}}
}

// openFlow opens a flow's token.
func (s Settings) openFlow(text string, id []byte) (value []byte, reason string) {
	plaintext, _, reason := OpenToken(s.Masters, s.Cookie, PurposeFlow, text)
	if reason != "" {
		return nil, reason
	}
	f, ok := parseFlow(plaintext)
	switch {
	case !ok:
		return nil, Malformed
	case string(f.state) != string(id) || f.value == nil:
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

// parseFlowState reads the field and the state of a file.
func parseFlowState(text string) *FlowState {
	field, state, _ := strings.Cut(text, " ")
	return &FlowState{field, state}
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
