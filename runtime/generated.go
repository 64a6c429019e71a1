package runtime

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/sessiongen/sessiongen/runtime/codec"
	"github.com/sessiongen/sessiongen/runtime/internal/payload"
)

// Everything in this file is for generated code alone. A program has no reason to use it.

// SupportsGenerated1 says that this runtime has everything that generated code of level 1 needs.
// Code that needs a newer runtime than the one in go.mod names a missing constant, and does not
// compile.
const SupportsGenerated1 = true

// NewManager returns a manager for sessions with the given fields. wrap converts a Session into the
// generated type. The error joins all problems of cfg.
func NewManager[S any](cfg Config, wrap func(Session) S, fields ...AnyField) (*Manager[S], error) {
	m := &Manager[S]{wrap: wrap}
	if err := m.init(cfg, fields); err != nil {
		return nil, err
	}
	return m, nil
}

// FromContext returns the session of the request that ctx belongs to. The generated From functions
// call it. It panics if ctx comes neither from the manager's Handler nor from its NewContext.
func FromContext[S any](ctx context.Context) *S {
	s, ok := ctx.Value(sessionKey[S]{}).(*S)
	if !ok {
		panicWithout(ctx, sessionKey[S]{})
	}
	return s
}

// Field describes one field of a schema. Generated code declares a Field for each, and accessors
// that call its methods.
type Field[T any] struct {
	Index     int           // position in the schema
	Name      string        // the accessor's name, as in Get+Name
	Key       string        // the wire key
	Was       []string      // older wire keys that are also read
	Max       int           // bytes of a string or []byte, elements of a slice or map; 0 for no limit
	Each      int           // bytes of each element of a slice, array or map, encoded; 0 for no limit
	TTL       time.Duration // how long the value is kept after it was set; 0 for as long as the session
	Secret    bool          // redacted when the session is printed
	Principal bool          // the session belongs to this user
	Visitor   bool          // kept when the principal changes or is cleared
	Factor    bool          // a second factor of the principal; cleared when the principal changes
	Default   T             // returned by Get if the field is not set
	Encode    func(*codec.Encoder, T)
	Decode    func(*codec.Decoder) T
}

// Flow describes a flow field of a schema, as Field describes a field of the session.
type Flow[T any] struct {
	Name      string        // the accessor's name, as in Start+Name
	Key       string        // the wire key, which the flow's cookie contains
	Max       int           // how many a browser may have at once
	TTL       time.Duration // how long the flow may take
	Path      string        // of its cookie; "" for the session's path
	CrossSite bool          // it may also come back by a form of another site
	Encode    func(*codec.Encoder, T)
	Decode    func(*codec.Decoder) T
}

// AnyField is a *[Field] of any type.
type AnyField interface{ descriptor() descriptor }

// Append appends elements to a slice field. Without elements it does nothing.
func Append[S ~[]E, E any](s Session, f *Field[S], v ...E) {
	if len(v) == 0 {
		return
	}
	f.Update(s, func(old S) S { return append(old, v...) })
}

// TryAppend is like Append, but returns ErrMax or ErrEncode if the elements are refused. The session
// and its Err are then unchanged. With Config.Store, saving appends the elements once more if
// another request changed the session meanwhile. If they no longer fit, saving fails with ErrMax.
func TryAppend[S ~[]E, E any](s Session, f *Field[S], v ...E) error {
	if len(v) == 0 {
		return nil
	}
	return f.update(s.session(), func(old S) S { return append(old, v...) })
}

// AddFlash appends values to a flash field. If there are more than f.Max, the oldest are dropped,
// with an event.
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

// TakeFlash returns the values of a flash field. They are removed if the response is shown.
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

// ClearFlash removes the values of a flash field, including those that this request took.
func ClearFlash[S ~[]E, E any](s Session, f *Field[S]) {
	st := s.session()
	d := f.of(st)
	st.lock()
	st.forgetTaken(func(g *descriptor) bool { return g == d })
	st.takeLocked(d)
	st.unlock()
}

// Prove records in a factor field that the visitor has just proved a second factor. The session gets
// a new id, as after any change of rights.
func Prove(s Session, f *Field[time.Time]) {
	st := s.session()
	now := time.Unix(st.now(), 0)
	if err := f.encode(now, func(raw []byte) { st.prove(f.of(st), raw) }); err != nil {
		st.refuse(err)
	}
}

// Within reports whether the factor was proved at most d ago.
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

// RevokeBy ends all sessions whose field f is principal.
func RevokeBy[S, T any](ctx context.Context, m *Manager[S], f *Field[T], principal T) error {
	raw, err := f.encoded(principal)
	if err != nil {
		return err
	}
	return m.reportRevoked(ctx, RevokedPrincipal, m.home.revokePrincipal(ctx, raw))
}

// ListBy yields the sessions whose field f is principal.
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

// UpdateBy changes the sessions whose field f is principal, and returns how many it changed.
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
