package runtime_test

import (
	"fmt"
	"go/types"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/gen"
	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/codec"
	"github.com/sessiongen/sessiongen/runtime/internal/wire"
	"github.com/sessiongen/sessiongen/schema"
)

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
		authenticated, elements := 0, 5
		if c.principal {
			authenticated = age
		}
		if c.ttl {
			elements = 6
		}
		meta := wire.AppendBytes(wire.AppendArrayHeader(nil, elements), make([]byte, 16))
		for _, n := range []int{int(time.Now().Unix()) - age, age, authenticated, 1} {
			meta = wire.AppendUint(meta, uint64(n))
		}
		if c.ttl {
			meta = append(meta, mapping(expiries...)...)
		}
		s := newManagerOf(t, runtime.Config{}, fields...).Open([]string{craft(t, payload(meta, values...))})
		if got, want := s.Size(), gen.BudgetOf(model).Cookie; s.IsNew() || got != want {
			t.Errorf("%+v: a cookie of %d bytes, and a budget of %d; new: %v", c, got, want, s.IsNew())
		}
	}
}
