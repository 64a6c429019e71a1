package sessioninspect_test

import (
	"encoding/json"
	"testing"

	"github.com/sessiongen/sessiongen/runtime/sessioninspect"
)

// TestValues: values of all kinds are shown, if they are asked for, in JSON that says what they are.
func TestValues(t *testing.T) {
	for name, want := range map[string]string{
		"value-array-empty":                `[]`,
		"value-array16":                    `[null,null,null,null,null,null,null,null,null,null,null,null,null,null,null,null]`,
		"value-bin-empty":                  `{"base64":""}`,
		"value-bin8":                       `{"base64":"//4="}`,
		"value-ext16":                      `{"ext":5,"base64":"AA=="}`,
		"value-ext8":                       `{"ext":5,"base64":"AQID"}`,
		"value-ext8-empty":                 `{"ext":-128,"base64":""}`,
		"value-false":                      `false`,
		"value-fixext1":                    `{"ext":1,"base64":"AA=="}`,
		"value-fixext4-timestamp":          `{"ext":-1,"base64":"ZVOfAA=="}`,
		"value-fixint-127":                 `127`,
		"value-fixint-minus-32":            `-32`,
		"value-float32":                    `1.5`,
		"value-float64":                    `"NaN"`,
		"value-int16":                      `-32768`,
		"value-int16-of-minus-1":           `-1`,
		"value-int32":                      `-2147483648`,
		"value-int64":                      `-9223372036854775808`,
		"value-int64-of-5":                 `5`,
		"value-int8":                       `-128`,
		"value-map-empty":                  `{}`,
		"value-map-with-a-key-twice":       `{"pairs":[["a",1],["a",2]]}`,
		"value-map-with-keys-of-all-kinds": `{"pairs":[[1,2],[null,3],[[4],5],[{},6]]}`,
		"value-map16-short":                `{"a":1}`,
		"value-nil":                        `null`,
		"value-str-empty":                  `""`,
		"value-str-not-utf8":               `{"base64":"//4="}`,
		"value-str8":                       `"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"`,
		"value-true":                       `true`,
		"value-uint16":                     `65535`,
		"value-uint32":                     `4294967295`,
		"value-uint64":                     `18446744073709551615`,
		"value-uint8":                      `255`,
	} {
		f := readKit(t, name)
		o := optionsOf(f)
		o.Values = true
		r, err := sessioninspect.Inspect(f.Headers, o)
		if err != nil {
			t.Fatal(err)
		}
		if got := valueOf(t, r); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

// valueOf returns the field "value" of the only cookie as JSON.
func valueOf(t *testing.T, r *sessioninspect.Report) string {
	t.Helper()
	for _, field := range r.Cookies[0].Fields {
		if field.Key == "value" {
			b, err := json.Marshal(field)
			if err != nil {
				t.Fatal(err)
			}
			var shown struct{ Value json.RawMessage }
			if err := json.Unmarshal(b, &shown); err != nil {
				t.Fatal(err)
			}
			return string(shown.Value)
		}
	}
	return ""
}
