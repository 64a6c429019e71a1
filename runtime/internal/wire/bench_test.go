package wire

import "testing"

func BenchmarkSkip(b *testing.B) {
	values := map[string][]byte{
		"fixint": {7},
		"str":    AppendString(nil, "nine char"),
		"str8":   AppendString(nil, string(make([]byte, 40))),
		"array":  append(AppendArrayHeader(nil, 100), make([]byte, 100)...),
	}
	for name, v := range values {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				Skip(v)
			}
		})
	}
}
