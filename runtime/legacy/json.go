package legacy

import (
	"encoding/json"
	"reflect"

	"github.com/sessiongen/sessiongen/runtime/internal/oldsession"
)

// jsonLookup reads the values of a JSON object. If untag is not nil, it makes plain JSON of a value.
func jsonLookup(text []byte, untag func(json.RawMessage) (json.RawMessage, error)) (func(string) oldsession.Value, error) {
	values, err := jsonValues(text)
	if err != nil {
		return nil, oldsession.ErrMalformed
	}
	return func(key string) oldsession.Value {
		if raw, ok := values[key]; ok && string(raw) != "null" {
			return jsonValue{raw, untag}
		}
		return nil
	}, nil
}

func jsonValues(text []byte) (values map[string]json.RawMessage, err error) {
	_, ok := measureJSON(text)
	if len(text) > maxRecord || !ok {
		return nil, errType
	}
	if err = json.Unmarshal(text, &values); err == nil && (values == nil || len(values) > maxKeys) {
		err = errType
	}
	return values, err
}

func jsonText(text []byte) (s string, err error) {
	err = json.Unmarshal(text, &s)
	return s, err
}

// A jsonValue is one that is not decoded.
type jsonValue struct {
	raw   json.RawMessage
	untag func(json.RawMessage) (json.RawMessage, error)
}

// Decode implements oldsession.Value.
func (v jsonValue) Decode(into any) (err error) {
	defer func() {
		if recover() != nil { // a type's own method
			err = errType
		}
	}()
	raw := v.raw
	if v.untag != nil {
		if raw, err = v.untag(raw); err != nil {
			return errType
		}
	}
	elements, ok := measureJSON(raw)
	if !ok {
		return errType
	}
	to := reflect.ValueOf(into).Elem()
	if err := checkSize(to.Type(), 3*elements); err != nil { // a slice grows by copies
		return err
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return errType
	}
	return nil
}

// measureJSON returns how many elements and members there are in a JSON text at most, and whether it is
// not nested too deep.
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
			elements++
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

// stringEnd returns where the quote is that ends a string, -1 if nowhere.
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
