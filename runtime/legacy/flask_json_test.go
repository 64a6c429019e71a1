package legacy

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
)

// uuid is the type that packages of this name declare.
type uuid [16]byte

func decodeFlask[T any](t *testing.T, text string, want T) {
	t.Helper()
	var v T
	if err := (flaskValue{json.RawMessage(text)}).Decode(&v); err != nil || !reflect.DeepEqual(v, want) {
		t.Errorf("%s as %T: got %v, %v; want %v", text, v, v, err, want)
	}
}

func TestFlaskTags(t *testing.T) {
	id := uuid{0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef}
	const idText = `{" u":"0123456789abcdef0123456789abcdef"}`
	decodeFlask(t, idText, id)
	decodeFlask(t, idText, "01234567-89ab-cdef-0123-456789abcdef")
	decodeFlask(t, `{" b":"AP8="}`, []byte{0, 0xff})
	decodeFlask(t, `{" b":"AP8="}`, "\x00\xff")
	decodeFlask(t, `{" d":"Wed, 02 Jan 2030 03:04:05 GMT"}`, time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC))
	decodeFlask(t, `{" t":[1,{" t":[2]}]}`, []any{1.0, []any{2.0}})
	decodeFlask(t, `{" m":"<b>"}`, "<b>")
	decodeFlask(t, `{" di":{" t__":{" t":[1]}}}`, map[string][]int{" t": {1}})
	decodeFlask(t, `[{" d":"Wed, 02 Jan 2030 03:04:05 GMT"}]`, []time.Time{time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)})
	decodeFlask(t, `{"a":1,"b":{"c":[]}}`, map[string]any{"a": 1.0, "b": map[string]any{"c": []any{}}})
	decodeFlask(t, `{" x":1}`, map[string]int{" x": 1})
	decodeFlask(t, `9007199254740993`, int64(9007199254740993))
	decodeFlask(t, `18446744073709551615`, uint64(18446744073709551615))
	decodeFlask(t, `7.0`, uint8(7))
	var raw []byte
	if err := (flaskValue{json.RawMessage(idText)}).Decode(&raw); err == nil {
		t.Errorf("a UUID decodes into bytes: %q", raw)
	}
	for _, text := range []string{`{" u":"xyz"}`, `{" b":"*"}`, `{" d":"yesterday"}`, `{" di":{"x":1}}`, `{" di":3}`, `7.5`, `300`, `-1`, `"7"`, `[`} {
		var v uint8
		if err := (flaskValue{json.RawMessage(text)}).Decode(&v); err == nil {
			t.Errorf("%s decodes into a uint8: %v", text, v)
		}
	}
}
