package dbsc

import (
	"bytes"
	"encoding/json"
	"io"
	"unicode/utf8"
)

// maxMembers is the largest number of members of an object.
const maxMembers = 64

// object is a JSON object whose values are not decoded yet.
type object map[string]json.RawMessage

// parseObject reads a JSON object. It rejects what two parsers could read differently: duplicate
// members, text after the object and invalid UTF-8. Member names are case-sensitive.
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

// text returns a member's value if it is a string, and "" otherwise.
func (o object) text(name string) string {
	var s *string
	if json.Unmarshal(o[name], &s) != nil || s == nil {
		return ""
	}
	return *s
}
