package codec

import (
	"bytes"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// A loop is a pointer to itself.
type loop *loop

func encodeLoop(e *Encoder, v loop) { EncodePointer(e, (*loop)(v), encodeLoop) }

func decodeLoop(d *Decoder) loop { return DecodePointer(d, decodeLoop) }

// Values that contain themselves are errors.
func TestCycles(t *testing.T) {
	var l loop
	l = &l
	n := node{Name: "n"}
	n.Next = &n
	kids := node{Kids: make([]node, 2)}
	kids.Kids[0], kids.Kids[1] = kids, kids
	by := node{By: make(map[string]*node)}
	by.By["a"], by.By["b"] = &by, &by
	list := make([]any, 2)
	list[0], list[1] = list, list
	dict := make(map[string]any)
	dict["a"], dict["b"] = dict, dict

	for name, encode := range map[string]func(dst []byte) ([]byte, error){
		"pointer":        func(dst []byte) ([]byte, error) { return Append(dst, l, encodeLoop) },
		"struct":         func(dst []byte) ([]byte, error) { return Append(dst, n, encodeNode) },
		"slice":          func(dst []byte) ([]byte, error) { return Append(dst, kids, encodeNode) },
		"map":            func(dst []byte) ([]byte, error) { return Append(dst, by, encodeNode) },
		"[]any":          func(dst []byte) ([]byte, error) { return Append(dst, any(list), EncodeAny) },
		"map[string]any": func(dst []byte) ([]byte, error) { return Append(dst, any(dict), EncodeAny) },
	} {
		if b, err := encode([]byte("dst")); err != errNest || string(b) != "dst" {
			t.Errorf("%s: got %q, %v, want dst, errNest", name, b, err)
		}
	}
}

// Pointers to pointers may be as many as decoding takes, too.
func TestPointers(t *testing.T) {
	var l loop
	for n := range maxNest + 2 {
		_, err := Append(nil, l, encodeLoop)
		if ok := n <= maxNest; (err == nil) != ok {
			t.Errorf("%d pointers: got error %v, want success %v", n, err, ok)
		}
		next := l
		l = &next
	}
}

// A pointer to pointers leaves no trace in the encoding, so any value could go on forever.
func TestDecodeLoop(t *testing.T) {
	if _, err := Decode([]byte{1}, decodeLoop); err != errNest {
		t.Error(err)
	}
	if l, err := Decode([]byte{0xc0}, decodeLoop); l != nil || err != nil {
		t.Error(l, err)
	}
}

// Whatever is encoded can be decoded: both allow the same depth.
func TestDepth(t *testing.T) {
	for depth := 1; depth <= maxNest+1; depth++ {
		v := any(1)
		var n node // a node is one level, and its Next another
		for range depth {
			v = []any{v}
		}
		for range depth - 1 {
			n = node{Next: &node{Next: n.Next}}
		}
		want := depth <= wire.MaxDepth
		for name, b := range map[string]func() ([]byte, error){
			"any":  func() ([]byte, error) { return Append(nil, v, EncodeAny) },
			"node": func() ([]byte, error) { return Append(nil, n, encodeNode) },
		} {
			if _, err := b(); (err == nil) != want {
				t.Errorf("encode %s of depth %d: got error %v, want success %v", name, depth, err, want)
			}
		}
		b := append(bytes.Repeat([]byte{0x91}, depth), 1)
		if _, err := Decode(b, DecodeAny); (err == nil) != want {
			t.Errorf("decode any of depth %d: got error %v, want success %v", depth, err, want)
		}
		b = []byte(strings.Repeat("\x81\xa4Next", depth-1) + "\x80")
		if _, err := Decode(b, decodeNode); (err == nil) != want {
			t.Errorf("decode node of depth %d: got error %v, want success %v", depth, err, want)
		}
	}
}
