package legacy

// A gobValue is one value of a stream that is not decoded yet.
type gobValue struct {
	stream   *gobReader
	id       int // of its type
	known    int // how many types the stream had defined when the value began
	start    int // of the encoding, including the zero before a value that is no struct
	end      int
	bare     bool // there is no such zero
	elements int  // the number of elements and structs in the value
	inner    []int
	items    []*gobValue // of a slice of interfaces; nil for a nil one
}

// interfaceValue reads the value of an interface. It returns nil for nil.
func (r *gobReader) interfaceValue(depth int) *gobValue {
	id := r.concrete()
	if id == 0 || r.failed {
		return nil
	}
	return r.readValue(id, false, depth)
}

// readValue reads a value of a type, and notes its position.
func (r *gobReader) readValue(id int, bare bool, depth int) *gobValue {
	v := &gobValue{stream: r, id: id, known: len(r.order), start: r.pos, bare: bare}
	if !bare && !r.isStruct(id) {
		r.zero()
	}
	if t := r.types[id]; t != nil && t.kind == gobSlice && t.elem == gobInterface {
		r.items(v, depth+1)
	} else {
		r.skip(v, id, depth)
	}
	v.end = r.pos
	return v
}

// items reads the elements of a slice of interfaces.
func (r *gobReader) items(v *gobValue, depth int) {
	if depth > maxDepth {
		r.fail()
	}
	for n := r.count(); n > 0 && !r.failed; n-- {
		item := r.interfaceValue(depth)
		v.items = append(v.items, item)
		v.elements++
		if item != nil {
			v.elements += item.elements
			v.inner = append(append(v.inner, item.id), item.inner...)
		}
	}
}

// skip skips the content of a value of a type.
func (r *gobReader) skip(v *gobValue, id, depth int) {
	if depth > maxDepth {
		r.fail()
		return
	}
	switch id {
	case gobBool, gobInt, gobUint, gobFloat:
		r.uint()
	case gobComplex:
		r.uint()
		r.uint()
	case gobBytes, gobString:
		r.bytes()
	case gobInterface:
		v.elements++
		if inner := r.concrete(); inner != 0 && !r.failed {
			v.inner = append(v.inner, inner)
			if !r.isStruct(inner) {
				r.zero()
			}
			r.skip(v, inner, depth+1)
		}
	default:
		r.skipOwn(v, r.types[id], depth)
	}
}

func (r *gobReader) skipOwn(v *gobValue, t *gobType, depth int) {
	if t == nil || r.failed {
		r.fail()
		return
	}
	switch t.kind {
	case gobArray, gobSlice:
		for n := r.count(); n > 0 && !r.failed; n-- {
			v.elements++
			r.skip(v, t.elem, depth+1)
		}
	case gobMap:
		for n := r.count(); n > 0 && !r.failed; n-- {
			v.elements++
			r.skip(v, t.key, depth+1)
			r.skip(v, t.elem, depth+1)
		}
	case gobStruct:
		v.elements++
		r.fields(func(number int) {
			if number >= len(t.fields) {
				r.fail()
				return
			}
			r.skip(v, t.fields[number].id, depth+1)
		})
	case gobMarshaler:
		r.bytes()
	}
}

// maxFramed limits the bytes of all streams that frame makes for one session. Each value may need
// every type.
const maxFramed = 2 * maxRecord

// frame returns the value as a gob stream of its own. ok is false if that would exceed maxFramed.
func (v *gobValue) frame() (stream []byte, ok bool) {
	r := v.stream
	if r.framed > maxFramed {
		return nil, false
	}
	needed := v.neededTypes()
	r.framed += v.end - v.start
	for _, t := range needed {
		r.framed += len(t.text)
	}
	if r.framed > maxFramed {
		return nil, false
	}
	for _, t := range r.order[:v.known] {
		if needed[t.id] != nil {
			stream = appendMessage(stream, t.text)
		}
	}
	message := appendGobInt(nil, int64(v.id))
	if v.bare && !r.isStruct(v.id) {
		message = append(message, 0)
	}
	return appendMessage(stream, append(message, r.data[v.start:v.end]...)), true
}

// neededTypes returns the types that the value's type consists of, and those of the values in its
// interfaces.
func (v *gobValue) neededTypes() map[int]*gobType {
	needed := make(map[int]*gobType)
	queue := append([]int{v.id}, v.inner...)
	for len(queue) > 0 {
		id := queue[0]
		queue = queue[1:]
		t := v.stream.types[id]
		if t == nil || needed[id] != nil {
			continue
		}
		needed[id] = t
		queue = append(queue, t.key, t.elem)
		for _, f := range t.fields {
			queue = append(queue, f.id)
		}
	}
	return needed
}

func appendMessage(dst, message []byte) []byte {
	return append(appendGobUint(dst, uint64(len(message))), message...)
}

func appendGobInt(dst []byte, n int64) []byte { return appendGobUint(dst, uint64(n)<<1^uint64(n>>63)) }

func appendGobUint(dst []byte, u uint64) []byte {
	if u <= 0x7f {
		return append(dst, byte(u))
	}
	n := 1
	for u>>(8*n) != 0 && n < 8 {
		n++
	}
	dst = append(dst, byte(-n))
	for ; n > 0; n-- {
		dst = append(dst, byte(u>>(8*(n-1))))
	}
	return dst
}
