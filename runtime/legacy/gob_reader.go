package legacy

import "errors"

var errGob = errors.New("legacy: not a gob stream of a session")

// A gobReader reads the parts of a gob stream, and keeps the types that the stream defines. Package
// encoding/gob describes the format. After an error it reads zeros.
type gobReader struct {
	data   []byte
	pos    int
	failed bool
	types  map[int]*gobType
	order  []*gobType // in the order of their definitions
	framed int        // how many bytes of streams frame has made
}

// Ids of the types that every stream has.
const (
	gobBool      = 1
	gobInt       = 2
	gobUint      = 3
	gobFloat     = 4
	gobBytes     = 5
	gobString    = 6
	gobComplex   = 7
	gobInterface = 8
	gobFirstOwn  = 64 // the first id that a stream defines
)

// maxTypes is how many types a stream may define, and how many fields they may have together.
const (
	maxTypes  = 256
	maxFields = 2048
)

type gobKind uint8

const (
	gobArray gobKind = iota
	gobSlice
	gobStruct
	gobMap
	gobMarshaler // a type that encodes itself
)

// A gobType is a type that the stream defines.
type gobType struct {
	id     int
	kind   gobKind
	key    int // of a map
	elem   int // of an array, slice or map
	fields []gobField
	text   []byte // its definition, starting with its negative id
}

type gobField struct {
	name string
	id   int
}

func (r *gobReader) fail() { r.failed = true }

func (r *gobReader) rest() int { return len(r.data) - r.pos }

func (r *gobReader) uint() uint64 {
	if r.failed || r.rest() == 0 {
		r.fail()
		return 0
	}
	first := r.data[r.pos]
	r.pos++
	if first <= 0x7f {
		return uint64(first)
	}
	n := -int(int8(first))
	if n < 1 || n > 8 || n > r.rest() {
		r.fail()
		return 0
	}
	var u uint64
	for _, b := range r.data[r.pos : r.pos+n] {
		u = u<<8 | uint64(b)
	}
	r.pos += n
	return u
}

func (r *gobReader) int() int64 {
	u := r.uint()
	if u&1 != 0 {
		return int64(^(u >> 1))
	}
	return int64(u >> 1)
}

// id reads the id of a type. It is negative if the type's definition follows.
func (r *gobReader) id() int {
	n := r.int()
	if n > 1<<30 || n < -1<<30 {
		r.fail()
		return 0
	}
	return int(n)
}

// count reads how many elements or bytes follow. Each takes at least one byte.
func (r *gobReader) count() int {
	u := r.uint()
	if u > uint64(r.rest()) {
		r.fail()
		return 0
	}
	return int(u)
}

func (r *gobReader) bytes() []byte {
	n := r.count()
	b := r.data[r.pos : r.pos+n]
	r.pos += n
	return b
}

// fields calls read with the number of each field that a struct value has.
func (r *gobReader) fields(read func(number int)) {
	number := -1
	for !r.failed {
		delta := r.uint()
		if delta == 0 {
			return
		}
		if delta > maxFields {
			r.fail()
			return
		}
		number += int(delta)
		read(number)
	}
}

// define reads the definition of the type whose negative id was just read and begins at start.
func (r *gobReader) define(start, id int) {
	t := &gobType{id: id}
	kinds := 0
	r.fields(func(number int) {
		kinds++
		switch number {
		case 0:
			t.kind = gobArray
			r.container(&t.elem, nil)
		case 1:
			t.kind = gobSlice
			r.container(&t.elem, nil)
		case 2:
			t.kind = gobStruct
			r.structure(t)
		case 3:
			t.kind = gobMap
			r.container(&t.key, &t.elem)
		case 4, 5, 6:
			t.kind = gobMarshaler
			r.container(nil, nil)
		default:
			r.fail()
		}
	})
	if id < gobFirstOwn || kinds != 1 || r.types[id] != nil || len(r.order) >= maxTypes {
		r.fail()
	}
	if r.failed {
		return
	}
	t.text = r.data[start:r.pos]
	if r.types == nil {
		r.types = make(map[int]*gobType)
	}
	r.types[id] = t
	r.order = append(r.order, t)
}

// container reads the definition of a type other than a struct: a name and an id, which are not
// needed, and then the ids of element types or the length of an array.
func (r *gobReader) container(first, second *int) {
	r.fields(func(number int) {
		switch number {
		case 0:
			r.common()
		case 1, 2:
			n := r.id()
			if into := first; number == 1 && into != nil {
				*into = n
			}
			if into := second; number == 2 && into != nil {
				*into = n
			}
		default:
			r.fail()
		}
	})
}

func (r *gobReader) common() {
	r.fields(func(number int) {
		switch number {
		case 0:
			r.bytes()
		case 1:
			r.id()
		default:
			r.fail()
		}
	})
}

func (r *gobReader) structure(t *gobType) {
	all := 0
	for _, other := range r.order {
		all += len(other.fields)
	}
	r.fields(func(number int) {
		switch number {
		case 0:
			r.common()
		case 1:
			n := r.count()
			if all+n > maxFields {
				r.fail()
			}
			for ; n > 0 && !r.failed; n-- {
				t.fields = append(t.fields, r.field())
			}
		default:
			r.fail()
		}
	})
}

func (r *gobReader) field() (f gobField) {
	r.fields(func(number int) {
		switch number {
		case 0:
			f.name = string(r.bytes())
		case 1:
			f.id = r.id()
		default:
			r.fail()
		}
	})
	return f
}

// top reads up to the stream's value, and returns the id of its type.
func (r *gobReader) top() (id int) {
	for !r.failed {
		r.uint() // the length of a message; types and values end without it
		start := r.pos
		if id = r.id(); id >= 0 {
			break
		}
		r.define(start, -id)
	}
	if !r.isStruct(id) {
		r.zero()
	}
	return id
}

// zero reads the zero before a value that is no struct.
func (r *gobReader) zero() {
	if r.uint() != 0 {
		r.fail()
	}
}

// concrete reads what precedes the value of an interface, and returns the id of its type, or 0 for
// nil.
func (r *gobReader) concrete() (id int) {
	if len(r.bytes()) == 0 { // the name that the type was registered with
		return 0
	}
	for !r.failed {
		start := r.pos
		if id = r.id(); id >= 0 {
			break
		}
		r.define(start, -id)
		r.uint() // the length of the rest
	}
	r.uint() // the length of the value; it is too short if the value defines types
	if id == 0 {
		r.fail()
	}
	return id
}

func (r *gobReader) isStruct(id int) bool {
	t := r.types[id]
	return t != nil && t.kind == gobStruct
}
