package legacy

import (
	"encoding/json"
	"math"
	"reflect"
	"strconv"

	"github.com/sessiongen/sessiongen/runtime/internal/oldsession"
)

// jsonLookup parses a JSON object. Its result converts a member's value with value.
func jsonLookup(text []byte, value func(json.RawMessage) oldsession.Value) (func(string) oldsession.Value, error) {
	members, err := jsonMembers(text)
	if err != nil {
		return nil, oldsession.ErrMalformed
	}
	return func(key string) oldsession.Value {
		if raw, ok := members[key]; ok && string(raw) != "null" {
			return value(raw)
		}
		return nil
	}, nil
}

func jsonMembers(text []byte) (members map[string]json.RawMessage, err error) {
	if _, ok := measureJSON(text); !ok || len(text) > maxRecord {
		return nil, errType
	}
	if err = json.Unmarshal(text, &members); err == nil && (members == nil || len(members) > maxKeys) {
		err = errType
	}
	return members, err
}

// A jsonValue is a value that is not decoded yet.
type jsonValue struct{ raw json.RawMessage }

// Decode implements oldsession.Value.
func (v jsonValue) Decode(into any) (err error) {
	defer func() {
		if recover() != nil { // a type's own method panicked
			err = errType
		}
	}()
	to := reflect.ValueOf(into).Elem()
	elements, ok := measureJSON(v.raw)
	if !ok || checkSize(to.Type(), 3*elements) != nil { // a slice grows by copying
		return errType
	}
	if json.Unmarshal(v.raw, into) == nil {
		return nil
	}
	if f, err := strconv.ParseFloat(string(v.raw), 64); err == nil && isNumber(to.Kind()) && !math.IsInf(f, 0) {
		return setFloat(to, f) // 3.0 is also an integer
	}
	return errType
}

// measureJSON returns an upper bound for the number of elements, members and containers in a JSON
// text. ok is false if it is nested too deep.
func measureJSON(text []byte) (elements int, ok bool) {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			end := stringEnd(text[i+1:])
			if end < 0 {
				return 0, false
			}
			i += end + 1
		case '[', '{':
			elements += 2
			if depth++; depth > maxDepth+1 {
				return 0, false
			}
		case ']', '}':
			depth--
		case ',':
			elements++
		}
	}
	return elements, true
}

// stringEnd returns the index of the quote that ends a string, or -1.
func stringEnd(text []byte) int {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}
