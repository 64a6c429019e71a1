package codec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// After a failure, a walk over the bytes that were written or read so far finds the place of the
// failure. So a path costs nothing unless there is a failure.

// A PathError says which part of a value could not be encoded or decoded.
type PathError struct {
	// Path leads from the value to the part: [2].Price, ["x"]. It includes the keys of maps.
	Path string
	Err  error

	hidden string // Path without the keys of maps
}

// Error returns the path and the text of Err.
func (e *PathError) Error() string { return e.Path + ": " + e.Err.Error() }

// Unwrap returns Err.
func (e *PathError) Unwrap() error { return e.Err }

// Within returns err with a path that begins with root, if it has one.
func Within(root string, err error) error {
	if e, ok := errors.AsType[*PathError](err); ok {
		return &PathError{root + e.Path, e.Err, root + e.hidden}
	}
	return err
}

// Reason returns the cause of err in one line, with its place within root. It leaves out the keys of
// maps, which are data: root[...].Price.
func Reason(root string, err error) string {
	if e, ok := errors.AsType[*PathError](err); ok {
		return root + e.hidden + ": " + e.Err.Error()
	}
	return root + ": " + err.Error()
}

// located adds the path of offset at in data to err. data may be truncated after that offset. maps
// are the offsets of the maps whose keys are data.
func located(err error, data []byte, at int, maps []int) error {
	if err == errNest {
		return err // the path is too long to be useful
	}
	shown, hidden := pathTo(data, at, maps)
	if shown == "" {
		return err
	}
	return &PathError{shown, err, hidden}
}

// pathTo returns the path of offset at in b, with and without the keys of maps.
func pathTo(b []byte, at int, maps []int) (shown, hidden string) {
	for pos := 0; pos < at && pos < len(b); {
		s, ok := stepTo(at, b, pos, slices.Contains(maps, pos))
		if !ok {
			break
		}
		shown, hidden, pos = shown+s.shown, hidden+s.hidden, s.pos
	}
	return shown, hidden
}

// A step leads from an array or map into the element that begins at pos.
type step struct {
	shown, hidden string // hidden leaves out keys that are data
	pos           int
}

// stepTo finds the element that contains offset at, in the array or map that begins at pos.
func stepTo(at int, b []byte, pos int, keysAreData bool) (step, bool) {
	n, perChild, size := children(b[pos:])
	pos += size
	for i := 0; i < n && pos <= at; i++ {
		key := pos
		if perChild == 2 {
			end := past(b, pos)
			if pos == at || end < 0 { // the key itself
				return step{"[key]", "[key]", at}, true
			}
			pos = end
		}
		end := past(b, pos)
		if end >= 0 && end <= at {
			pos = end
			continue
		}
		name := "[" + strconv.Itoa(i) + "]"
		switch {
		case perChild == 1:
		case keysAreData:
			return step{"[" + keyText(b[key:pos], true) + "]", "[...]", pos}, true
		default:
			name = "." + keyText(b[key:pos], false)
		}
		return step{name, name, pos}, true
	}
	return step{}, false
}

// children reads the header of an array or map. n is the number of elements or pairs, each is the
// number of values in one of them, and size is the size of the header. All are 0 for other values.
func children(b []byte) (n, each, size int) {
	switch c := b[0]; {
	case c&0xf0 == 0x90:
		return int(c & 0x0f), 1, 1
	case c&0xf0 == 0x80:
		return int(c & 0x0f), 2, 1
	case c == 0xdc && len(b) >= 3:
		return int(binary.BigEndian.Uint16(b[1:])), 1, 3
	case c == 0xdd && len(b) >= 5:
		return int(binary.BigEndian.Uint32(b[1:])), 1, 5
	case c == 0xde && len(b) >= 3:
		return int(binary.BigEndian.Uint16(b[1:])), 2, 3
	case c == 0xdf && len(b) >= 5:
		return int(binary.BigEndian.Uint32(b[1:])), 2, 5
	}
	return 0, 0, 1
}

// past returns the offset after the value at pos, or -1 if the value is incomplete.
func past(b []byte, pos int) int {
	if pos >= len(b) {
		return -1
	}
	n, err := wire.Skip(b[pos:])
	if err != nil {
		return -1
	}
	return pos + n
}

// keyText returns the key of a map for people: quoted if it is data, otherwise the name of a struct
// field.
func keyText(b []byte, isData bool) string {
	const most = 40 // bytes
	s, _, err := wire.String(b)
	if err != nil {
		s, _, err = wire.Bytes(b)
	}
	switch {
	case err != nil:
		v, err := Decode(b, DecodeAny)
		if err != nil {
			return "..."
		}
		return fmt.Sprint(v)
	case len(s) > most:
		cut := most
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		return strconv.Quote(string(s[:cut])) + "..."
	case isData:
		return strconv.Quote(string(s))
	}
	return string(s)
}
