package legacy

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"time"
)

// Where JSON has no type for a value, Flask writes an object with one member. Its key is one of
// these tags.
const (
	tagBytes    = " b"  // base64
	tagTuple    = " t"  // an array
	tagMarkup   = " m"  // a string
	tagUUID     = " u"  // hexadecimal
	tagDateTime = " d"  // in the format of HTTP
	tagObject   = " di" // an object whose only key is one of these tags, with "__" appended
)

// A flaskValue is a value that is not decoded yet.
type flaskValue struct{ raw json.RawMessage }

// Decode implements oldsession.Value.
func (v flaskValue) Decode(into any) error {
	if _, ok := measureJSON(v.raw); !ok {
		return errType
	}
	tree, err := parseFlask(v.raw)
	if err != nil {
		return errType
	}
	to := reflect.ValueOf(into).Elem()
	switch v := tree.(type) {
	case []byte:
		if to.Kind() == reflect.String {
			to.SetString(string(v))
			return nil
		}
	case flaskUUID:
		if reflect.TypeFor[[16]byte]().ConvertibleTo(to.Type()) {
			to.Set(reflect.ValueOf([16]byte(v)).Convert(to.Type()))
			return nil
		}
	}
	plain, err := json.Marshal(tree)
	if err != nil {
		return errType
	}
	return jsonValue{plain}.Decode(into)
}

// A flaskUUID prints like Python's UUID.
type flaskUUID [16]byte

// MarshalText implements encoding.TextMarshaler.
func (u flaskUUID) MarshalText() ([]byte, error) {
	text := hex.EncodeToString(u[:])
	return []byte(strings.Join([]string{text[:8], text[8:12], text[12:16], text[16:20], text[20:]}, "-")), nil
}

// parseFlask parses Flask's JSON into a tree that encodes as plain JSON.
func parseFlask(text []byte) (tree any, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&tree); err != nil {
		return nil, err
	}
	return untag(tree)
}

// untag replaces tagged objects by their values.
func untag(tree any) (_ any, err error) {
	switch tree := tree.(type) {
	case []any:
		for i := range tree {
			if tree[i], err = untag(tree[i]); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for key := range tree {
			if tree[key], err = untag(tree[key]); err != nil {
				return nil, err
			}
		}
		return untagObject(tree)
	}
	return tree, nil
}

// untagObject returns the value of an object. It is different from the object only if that has
// exactly one member.
func untagObject(object map[string]any) (any, error) {
	key, value := onlyMember(object)
	text, isText := value.(string)
	switch {
	case key == tagTuple || key == tagMarkup:
		return value, nil
	case key == tagObject:
		return untagKey(value)
	case !isText:
		return object, nil
	case key == tagBytes:
		return base64.StdEncoding.DecodeString(text)
	case key == tagUUID:
		return parseUUID(text)
	case key == tagDateTime:
		return time.Parse(http.TimeFormat, text)
	}
	return object, nil
}

// onlyMember returns the key and value of an object's only member. They are empty if it does not
// have exactly one.
func onlyMember(object map[string]any) (key string, value any) {
	if len(object) == 1 {
		for key, value = range object {
		}
	}
	return key, value
}

// untagKey removes the underscores from the key of an object's only member.
func untagKey(value any) (any, error) {
	object, _ := value.(map[string]any)
	key, value := onlyMember(object)
	key, ok := strings.CutSuffix(key, "__")
	if !ok {
		return nil, errType
	}
	return map[string]any{key: value}, nil
}

func parseUUID(text string) (u flaskUUID, err error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(u) {
		return u, errType
	}
	return flaskUUID(b), nil
}
