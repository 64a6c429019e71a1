package runtime_test

import (
	"errors"
	"fmt"
	"go/types"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/gen"
	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/codec"
	"github.com/sessiongen/sessiongen/runtime/internal/wire"
	"github.com/sessiongen/sessiongen/schema"
)

func TestSizeLimit(t *testing.T) {
	for _, size := range []int{500, 4089, 4090, 4091, 4092, 4093, 4094, 4095, 4096} {
		m, s := sized(t, size, runtime.Config{})
		c := parseCookie(t, seal(t, m, s))
		if got := len(c.Name) + len(c.Value); got != size || s.Err() != nil {
			t.Errorf("Size returns %d, but the cookie has %d; Err is %v", size, got, s.Err())
		}
		if s := m.Open(t.Context(), []string{c.Name + "=" + c.Value}); fieldUser.Get(s.Session) != "hubo" || s.Size() != size {
			t.Errorf("the cookie of %d bytes does not open, or its session has Size %d", size, s.Size())
		}
	}
	for _, size := range []int{4097, 4098, 5000, 60_000} {
		var log eventLog
		m, s := sized(t, size, runtime.Config{OnEvent: log.record})
		lines, err := setCookieLines(m.Seal(s))
		largest := fmt.Sprintf("Blob (%d bytes), Token (14 bytes), User (10 bytes)", len("\xa4blob\xc5..")+len(fieldBlob.Get(s.Session)))
		want := fmt.Sprintf("session: too large for a cookie: %d bytes, 4096 allowed; the largest fields are %s", size, largest)
		if lines != nil || !errors.Is(err, runtime.ErrTooLarge) || err.Error() != want || s.Err() != nil {
			t.Errorf("%d bytes: got %q, %v\nwant %s", size, lines, err, want)
		}
		log.expect(t,
			runtime.Event{Kind: runtime.EventTooLarge, Reason: fmt.Sprint(size, " bytes"), Field: "Blob", Largest: largest},
			runtime.Event{Kind: runtime.EventSaveFailed, Reason: "too large for a cookie", Field: "Blob", Largest: largest})
	}
}

func TestTooLargeNamesOtherBuilds(t *testing.T) {
	cookie := sealed(t, newManager(t, runtime.Config{}), func(s *visitor) { fieldBlob.Set(s.Session, make([]byte, 2700)) })
	m := newManagerOf(t, runtime.Config{}, &fieldUser, &fieldVisits, &fieldRoles, &fieldToken)
	s := m.Open(t.Context(), []string{cookie})
	fieldToken.Set(s.Session, strings.Repeat("t", 1000))
	_, err := m.Seal(s)
	if err == nil || !strings.HasSuffix(err.Error(), "the largest fields are fields of another version (2707 bytes), Token (1009 bytes)") {
		t.Error(err)
	}
}

// Size counts the session's age, which a save writes into the token.
func TestSizeOfAnOldSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newManager(t, runtime.Config{})
		s := m.Open(t.Context(), nil)
		fieldUser.Set(s.Session, "hubo")
		cookie := pair(t, seal(t, m, s))
		time.Sleep(70_000 * time.Second)
		s = m.Open(t.Context(), []string{cookie})
		fieldUser.Set(s.Session, "hugo")
		size := s.Size()
		if c := parseCookie(t, seal(t, m, s)); size != len(c.Name)+len(c.Value) || size == len(cookie)-1 {
			t.Errorf("Size returns %d, but the cookie has %d", size, len(c.Name)+len(c.Value))
		}
	})
}

// TestBudget holds what the generator says of the size of cookies against the largest session that there
// can be: old, authenticated, permanent, with every field at its limit and all of them about to expire.
func TestBudget(t *testing.T) {
	for _, c := range []struct {
		fields         int
		max            int
		ttl, principal bool
	}{
		{1, 10, false, false},
		{1, 10, false, true},
		{2, 40, true, false},
		{3, 100, true, true},
		{15, 31, false, true},
		{16, 32, true, false},
		{17, 33, true, true},
	} {
		model := &schema.Schema{Name: "session"}
		var fields []runtime.AnyField
		var values, expiries []any
		for i := range c.fields {
			f := &runtime.Field[string]{Index: i, Name: fmt.Sprint("F", i), Key: fmt.Sprint("field", i), Max: c.max,
				Principal: c.principal && i == 0, Encode: codec.EncodeString[string], Decode: codec.DecodeString[string]}
			if c.ttl {
				f.TTL = 24 * time.Hour
			}
			fields = append(fields, f)
			model.Fields = append(model.Fields, &schema.Field{GoName: f.Name, Key: f.Key, Max: f.Max, TTL: f.TTL, Principal: f.Principal,
				Type: &schema.Type{Kind: schema.String, Go: types.Typ[types.String]}})
			values = append(values, f.Key, strings.Repeat("x", f.Max))
			expiries = append(expiries, f.Key, 1<<20+3600)
		}
		const age = 1 << 20 // seconds, in as many bytes as any number of them
		authenticated := 0
		if c.principal {
			authenticated = age
		}
		size := func(elements int, more ...[]byte) int {
			meta := wire.AppendBytes(wire.AppendArrayHeader(nil, elements), make([]byte, 16))
			for _, n := range []int{int(time.Now().Unix()) - age, age, authenticated, 1} {
				meta = wire.AppendUint(meta, uint64(n))
			}
			meta = append(meta, slices.Concat(more...)...)
			s := newManagerOf(t, runtime.Config{}, fields...).Open(t.Context(), []string{craft(t, payload(meta, values...))})
			if s.IsNew() {
				t.Errorf("%+v: the session does not open", c)
			}
			return s.Size()
		}
		b, device, expiring := gen.BudgetOf(model), wire.AppendBytes(nil, []byte("d0123456789abcdef")), mapping()
		got, bound := size(5), 0
		if c.ttl {
			expiring = mapping(expiries...)
			got = size(6, expiring)
		}
		if c.principal {
			bound = size(7, expiring, device)
		}
		if got != b.Cookie || bound != b.Bound {
			t.Errorf("%+v: got a cookie of %d bytes, %d if bound, want %d and %d as in the budget", c, got, bound, b.Cookie, b.Bound)
		}
	}
}

// A badge is of the size that the generator says, or a byte of its plaintext less as long as there were few offers.
func TestBudgetOfBadge(t *testing.T) {
	b := gen.BudgetOf(&schema.Schema{Name: "session", Fields: []*schema.Field{
		{GoName: "Account", Key: "account", Principal: true, Type: &schema.Type{Kind: schema.Int, Go: types.Typ[types.Int]}},
	}})
	inDeviceHomes(t, func(t *testing.T, w *deviceWorld) {
		w.logIn()
		if got := len(boundName) + len(w.jar.value(boundName)); got > b.Badge || got < b.Badge-2 {
			t.Errorf("got a badge of %d bytes, want about %d as in the budget", got, b.Badge)
		}
	})
}
