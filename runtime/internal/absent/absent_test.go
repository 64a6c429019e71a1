package absent

import "testing"

func TestIs(t *testing.T) {
	type named map[string]int
	for _, c := range []struct {
		v    any
		want bool
	}{
		{nil, true}, {(*int)(nil), true}, {named(nil), true},
		{new(int), false}, {named{}, false}, {struct{ p *int }{}, false}, {0, false}, {"", false},
	} {
		if got := Is(c.v); got != c.want {
			t.Errorf("Is(%#v) = %v, want %v", c.v, got, c.want)
		}
	}
}
