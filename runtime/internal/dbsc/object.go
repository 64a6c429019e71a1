package dbsc

import (
	"bytes"
	"encoding/json"
	"io"
	"unicode/utf8"
)

// maxMembers bounds the members of an object that is read.
const maxMembers = 64

// object is a JSON object whose values are not read yet.
type object map[string]json.RawMessage

// parseObject reads a JSON object. It refuses what two readers could understand in two ways: members of the
// same name, text behind the object and invalid UTF-8. Names are told apart by their case.
func parseObject(text []byte) (object, bool) {
	if !utf8.Valid(text) {
		return nil, false
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if begin, err := d.Token(); err != nil || begin != json.Delim('{') {
		return nil, false
	}
	members := object{}
	for d.More() {
		name, ok := "", false
		if t, err := d.Token(); err == nil {
			name, ok = t.(string)
		}
		var value json.RawMessage
		if !ok || members[name] != nil || len(members) == maxMembers || d.Decode(&value) != nil {
			return nil, false
		}
		members[name] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, false
	}
	_, err := d.Token()
	return members, err == io.EOF
}

// text returns the string that a member holds, empty if it holds none.
func (o object) text(name string) string {
	var s *string
	if json.Unmarshal(o[name], &s) != nil || s == nil {
		return ""
	}
	return *s
}
