package runtime

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"time"

	"github.com/sessiongen/sessiongen/runtime/codec"
	"github.com/sessiongen/sessiongen/runtime/internal/oldsession"
	"github.com/sessiongen/sessiongen/runtime/internal/payload"
	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// descriptor is what a session needs to know of a field, whatever the field's type.
type descriptor struct {
	index     int
	name      string
	key       string
	was       []string
	ttl       time.Duration
	secret    bool
	principal bool
	visitor   bool
	factor    bool
	typ       reflect.Type
	decode    func(raw []byte) (any, error)
	encodeOld func(oldsession.Value) ([]byte, error) // converts a value of another library's session
}

// owned reports whether the field is cleared when the principal changes or is cleared.
func (f *descriptor) owned() bool { return !f.visitor && !f.principal }

func (f *Field[T]) descriptor() descriptor {
	return descriptor{
		index: f.Index, name: f.Name, key: f.Key,
		was: f.Was, ttl: f.TTL, secret: f.Secret, principal: f.Principal, visitor: f.Visitor, factor: f.Factor,
		typ:       reflect.TypeFor[T](),
		decode:    func(raw []byte) (any, error) { return codec.DecodeField(raw, f.Decode) },
		encodeOld: f.encodeOld,
	}
}

// encodeOld returns a value of another library's session in this package's encoding.
func (f *Field[T]) encodeOld(old oldsession.Value) (raw []byte, err error) {
	defer func() { // methods of T may panic on another library's data
		if recover() != nil {
			err = ErrEncode
		}
	}()
	var v T
	if err := old.Decode(&v); err != nil {
		return nil, err
	}
	err = f.encode(v, func(encoded []byte) { raw = bytes.Clone(encoded) })
	return raw, err
}

// Get returns the field's value, or its default if it is not set. The caller may modify the returned
// value, which does not change the session.
func (f *Field[T]) Get(s Session) T {
	v, _ := f.get(s.session())
	return v
}

func (f *Field[T]) get(st *state) (v T, raw []byte) {
	raw = st.value(f.Index)
	if raw == nil {
		return f.Default, nil
	}
	v, err := codec.DecodeField(raw, f.Decode)
	if err != nil {
		f.drop(st, raw, err)
		return f.Default, nil
	}
	return v, raw
}

// of returns the session's descriptor of the field.
func (f *Field[T]) of(st *state) *descriptor { return st.manager.fields[f.Index] }

func (f *Field[T]) drop(st *state, raw []byte, err error) { st.drop(f.of(st), raw, err) }

// Lookup returns the field's value and whether it is set. If it is not set, the value is the
// default.
func (f *Field[T]) Lookup(s Session) (v T, ok bool) {
	v, raw := f.get(s.session())
	return v, raw != nil
}

// Has reports whether the field is set.
func (f *Field[T]) Has(s Session) bool {
	_, raw := f.get(s.session())
	return raw != nil
}

// Set sets the field. If the value is refused, the field keeps its value, and the session's Err
// returns the error.
func (f *Field[T]) Set(s Session, v T) {
	st := s.session()
	if err := f.set(st, v); err != nil {
		st.refuse(err)
	}
}

// TrySet is like Set, but returns ErrMax or ErrEncode if the value is refused. The session and its
// Err are then unchanged.
func (f *Field[T]) TrySet(s Session, v T) error { return f.set(s.session(), v) }

func (f *Field[T]) set(st *state, v T) error {
	return f.encode(v, func(raw []byte) { st.put(f.of(st), raw, nil, nil) })
}

// encode checks v and calls use with its encoding. use must not keep the slice.
func (f *Field[T]) encode(v T, use func(raw []byte)) error {
	buf := getScratch()
	defer putScratch(buf)
	*buf = (*buf)[:cap(*buf)] // wipe all of it, even if a marshaler panics
	raw, err := codec.AppendReadable((*buf)[:0], v, f.Encode, f.Decode)
	*buf = raw
	switch {
	case err == nil:
		err = f.check(raw)
	case f.Secret:
		// The error of a type's own marshaler may quote the value.
		err = fmt.Errorf("%w: field %s", ErrEncode, f.Name)
	default:
		err = fmt.Errorf("%w: field %s: %w", ErrEncode, f.Name, codec.Within(f.Key, err))
	}
	if err != nil {
		return &fieldError{f.Name, err}
	}
	use(raw)
	return nil
}

// check checks an encoded value against the limits of the field.
func (f *Field[T]) check(raw []byte) error {
	if f.Max > 0 {
		if n, ok := wire.Len(raw); ok && n > f.Max {
			return fmt.Errorf("%w: field %s holds at most %d, got %d", ErrMax, f.Name, f.Max, n)
		}
	}
	if f.Each > 0 {
		if n := wire.Largest(raw); n > f.Each {
			return fmt.Errorf("%w: field %s holds elements of at most %d bytes, got one of %d", ErrMax, f.Name, f.Each, n)
		}
	}
	return nil
}

// Pop removes the field and returns its value. ok is false if the field was not set. Only one of
// several concurrent calls gets the value. With Config.Store, that also holds for concurrent
// requests: Pop removes the value from the store at once, and it stays removed even if the session
// is not saved later.
func (f *Field[T]) Pop(s Session) (v T, ok bool) {
	st := s.session()
	d := f.of(st)
	raw := st.manager.home.pop(st, d)
	if raw == nil {
		return v, false
	}
	v, err := codec.DecodeField(raw, f.Decode)
	if err != nil {
		st.lock()
		st.eventDropped(d, err)
		st.unlock()
	}
	return v, err == nil
}

// Clear removes the field.
func (f *Field[T]) Clear(s Session) {
	st := s.session()
	st.take(f.of(st))
}

// Update replaces the field's value v with change(v). If the field is not set, v is the default. The
// session is not locked while change runs. If the field changes meanwhile, Update calls change again
// with the newer value. So change must not set this field.
//
// With Config.Store, saving calls change once more if another request changed the session meanwhile.
// So change must not change the session at all, and what it uses must remain valid until the session
// is saved.
func (f *Field[T]) Update(s Session, change func(T) T) {
	st := s.session()
	if err := f.update(st, change); err != nil {
		st.refuse(err)
	}
}

// update is Update. The error says why the field was not changed.
func (f *Field[T]) update(st *state, change func(T) T) error {
	again := f.again(st, change)
	for attempt := range maxUpdates {
		v, old := f.get(st)
		done := true
		err := f.encode(change(v), func(raw []byte) { done = st.put(f.of(st), raw, &old, again) })
		if err != nil || done {
			return err
		}
		if more := attempt - 4; more >= 0 { // several goroutines update the field
			time.Sleep(rand.N(time.Microsecond << min(more, 6)))
		}
	}
	return fmt.Errorf("%w: field %s", ErrUpdate, f.Name)
}

// maxUpdates is how often Update calls its function while the field keeps changing.
const maxUpdates = 100

// again repeats Update in a session that turns out to hold another value.
func (f *Field[T]) again(st *state, change func(T) T) update {
	return func(held []byte) (result []byte) {
		v := f.Default
		if held != nil {
			if decoded, err := codec.DecodeField(held, f.Decode); err == nil {
				v = decoded
			}
		}
		if err := f.encode(change(v), func(raw []byte) { result = bytes.Clone(raw) }); err != nil {
			st.refuse(err)
		}
		return result
	}
}

// encoded returns a value's encoding.
func (f *Field[T]) encoded(v T) ([]byte, error) {
	raw, err := codec.AppendField(nil, v, f.Encode)
	if err != nil {
		return nil, fmt.Errorf("%w: field %s", ErrEncode, f.Name)
	}
	return raw, nil
}

var errFields = errors.New("session: the generated fields are inconsistent: run go generate")

// index checks the fields of a schema and returns them by index.
func index(fields []AnyField) (descriptors []*descriptor, schema *payload.Schema, err error) {
	var keys []payload.Field
	for i, field := range fields {
		d := field.descriptor()
		if d.index != i {
			return nil, nil, errFields
		}
		descriptors = append(descriptors, &d)
		keys = append(keys, payload.Field{Key: d.key, Was: d.was, Principal: d.principal})
	}
	if schema, err = payload.NewSchema(keys); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errFields, err)
	}
	return descriptors, schema, nil
}
