package runtime

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/sessiongen/sessiongen/runtime/codec"
	"github.com/sessiongen/sessiongen/runtime/internal/payload"
)

// What stands in this file is for generated code alone: a program has no reason to name it.

// SupportsGenerated1 tells generated code that this runtime has what it needs. Code that needs
// a newer runtime than the one in go.mod names a constant that is missing, and does not compile.
const SupportsGenerated1 = true

// NewManager returns a manager for sessions with the given fields, which wrap turns
// into values of the generated type. Its error joins everything that is wrong with
// cfg.
func NewManager[S any](cfg Config, wrap func(Session) S, fields ...AnyField) (*Manager[S], error) {
	m := &Manager[S]{wrap: wrap}
	if err := m.init(cfg, fields); err != nil {
		return nil, err
	}
	return m, nil
}

// FromContext returns the session of the request that ctx belongs to, for the
// generated From functions. It panics if ctx came neither through the manager's Handler nor
// from its NewContext.
func FromContext[S any](ctx context.Context) *S {
	s, ok := ctx.Value(sessionKey[S]{}).(*S)
	if !ok {
		panicWithout(ctx, sessionKey[S]{})
	}
	return s
}

// Field describes one field of a schema. Generated code declares a variable of it
// for each field, and accessors that call its methods.
type Field[T any] struct {
	Index     int           // position in the schema
	Name      string        // the accessor's name, as in Get+Name
	Key       string        // the wire key
	Was       []string      // older wire keys that are also read
	Max       int           // bytes of a string or []byte, elements of a slice or map; 0 for no limit
	Each      int           // bytes of each element of a slice, array or map, encoded; 0 for no limit
	TTL       time.Duration // how long it stays after it was set; 0 for as long as the session
	Secret    bool          // redacted wherever the session is printed
	Principal bool          // whom the session belongs to
	Visitor   bool          // it stays when the principal changes or goes
	Factor    bool          // it is a proof of the principal's, and goes when there is another one
	Default   T             // what Get returns if it is not set
	Encode    func(*codec.Encoder, T)
	Decode    func(*codec.Decoder) T
}

// AnyField is a *[Field] of any type.
type AnyField interface{ descriptor() descriptor }

// Append appends elements to a field that is a slice. Without elements it does nothing.
func Append[S ~[]E, E any](s Session, f *Field[S], v ...E) {
	if len(v) == 0 {
		return
	}
	f.Update(s, func(old S) S { return append(old, v...) })
}

// TryAppend is Append for elements that may be refused: it then returns ErrMax or ErrEncode, and the
// session and its Err are as they were. With Config.Store, saving appends the elements once more if another request
// changed the session meanwhile: if there is no room for them any more, the save fails with ErrMax.
func TryAppend[S ~[]E, E any](s Session, f *Field[S], v ...E) error {
	if len(v) == 0 {
		return nil
	}
	return f.update(s.session(), func(old S) S { return append(old, v...) })
}

// AddFlash appends values to a field that is a flash. Beyond f.Max the oldest are dropped, with an event.
func AddFlash[S ~[]E, E any](s Session, f *Field[S], v ...E) {
	if len(v) == 0 {
		return
	}
	dropped := 0
	f.Update(s, func(old S) S {
		all := append(old, v...)
		dropped = max(0, len(all)-f.Max)
		return all[dropped:]
	})
	if dropped > 0 {
		s.session().overflow(f.Name, dropped)
	}
}

// TakeFlash returns the values of a field that is a flash and removes them, if the response is shown.
func TakeFlash[S ~[]E, E any](s Session, f *Field[S]) S {
	st := s.session()
	d := f.of(st)
	raw := st.takeFlash(d)
	if raw == nil {
		return nil
	}
	v, err := codec.DecodeField(raw, f.Decode)
	if err != nil {
		st.lock()
		st.eventDropped(d, err)
		st.unlock()
		return nil
	}
	return v
}

// ClearFlash removes the values of a field that is a flash, those that were taken included.
func ClearFlash[S ~[]E, E any](s Session, f *Field[S]) {
	st := s.session()
	d := f.of(st)
	st.lock()
	st.forgetTaken(func(g *descriptor) bool { return g == d })
	st.takeLocked(d)
	st.unlock()
}

// Prove notes in a field that is a factor that the visitor has just proved something: a new id, as for a
// change of rights.
func Prove(s Session, f *Field[time.Time]) {
	st := s.session()
	now := time.Unix(st.now(), 0)
	if err := f.encode(now, func(raw []byte) { st.prove(f.of(st), raw) }); err != nil {
		st.refuse(err)
	}
}

// Within reports whether a field that is a factor was proved at most so long ago.
func Within(s Session, f *Field[time.Time], d time.Duration) bool {
	st := s.session()
	proved, raw := f.get(st)
	now := time.Unix(st.now(), 0)
	return raw != nil && now.Sub(time.Unix(payload.Past(proved.Unix(), now.Unix()), 0)) <= d
}

// GetOf returns the field's value in a listed session, or its default if it is not set.
func (f *Field[T]) GetOf(e Entry) T { return f.Get(e.session()) }

// HasOf reports whether the field is set in a listed session.
func (f *Field[T]) HasOf(e Entry) bool { return f.Has(e.session()) }

// RevokeBy ends all sessions of a principal, whose field is f.
func RevokeBy[S, T any](ctx context.Context, m *Manager[S], f *Field[T], principal T) error {
	raw, err := f.encoded(principal)
	if err != nil {
		return err
	}
	return m.reportRevoked(ctx, RevokedPrincipal, m.home.revokePrincipal(ctx, raw))
}

// ListBy yields the sessions of a principal, whose field is f.
func ListBy[S, T, E any](ctx context.Context, m *Manager[S], f *Field[T], principal T, wrap func(Entry) E) iter.Seq2[E, error] {
	return func(yield func(E, error) bool) {
		raw, err := f.encoded(principal)
		if err != nil {
			var none E
			yield(none, err)
			return
		}
		for e, err := range entries(m.home.list(ctx, raw), wrap) {
			if errors.Is(err, ErrStore) {
				m.report(ctx, Event{Kind: EventStoreFailed, Reason: "list"})
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// UpdateBy changes the sessions of a principal, whose field is f.
func UpdateBy[S, T any](ctx context.Context, m *Manager[S], f *Field[T], principal T, change func(*S)) (changed int, err error) {
	raw, err := f.encoded(principal)
	if err != nil {
		return 0, err
	}
	changed, err = m.home.update(ctx, raw, func(st *state) {
		s := m.wrap(Session{st})
		change(&s)
	})
	if errors.Is(err, ErrStore) {
		m.report(ctx, Event{Kind: EventStoreFailed, Reason: "update"})
	}
	return changed, err
}
