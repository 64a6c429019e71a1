package cookie

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// A request of 1 MiB is not examined piece by piece, except where it has the session's name.
func TestFloods(t *testing.T) {
	const size = 1 << 20
	for _, name := range []string{"__Host-session", "s"} {
		spec := New(Attributes{Name: name, Chunks: MaxChunks})
		for _, pattern := range []string{";", "; ", " ", "=;", "a=b; ", name, name + ";", name + "=;", name + "=x;", name + "-2=x;", name + "-", "-" + name + ";", "x" + name + "=x;"} {
			header := strings.Repeat(pattern, size/len(pattern))
			var r Received
			allocs := testing.AllocsPerRun(1, func() {
				r = Received{}
				spec.Find([]string{header, header}, &r)
			})
			if allocs > 20 {
				t.Errorf("%s: %q: got %v allocations, want at most 20", name, pattern, allocs)
			}
			if n := len(slices.Collect(r.Candidates().All())); n > maxValues {
				t.Errorf("%s: %q: got %d candidates, want at most %d", name, pattern, n, maxValues)
			}
		}
		// Other cookies do not hide the session's, however many they are.
		for _, other := range []string{";", "a=b; ", " ; "} {
			var r Received
			spec.Find([]string{strings.Repeat(other, size/len(other)) + ";" + name + "=x"}, &r)
			if got := slices.Collect(r.Candidates().All()); !slices.Equal(got, []string{"x"}) {
				t.Errorf("%s: after %q: got %q, want x", name, other, got)
			}
		}
	}
}

// Both should take about as long.
func BenchmarkFloods(b *testing.B) {
	header := []string{strings.Repeat(";", 1<<20)}
	b.Run("Find", func(b *testing.B) {
		spec := New(Attributes{Name: "__Host-session", Chunks: 1})
		for b.Loop() {
			spec.Find(header, new(Received))
		}
	})
	b.Run("net/http", func(b *testing.B) {
		r := &http.Request{Header: http.Header{"Cookie": header}}
		for b.Loop() {
			r.Cookie("__Host-session")
		}
	})
}

// Chunks of two scopes, of which any may come first, make up the token within few attempts.
func TestJoins(t *testing.T) {
	spec := New(Attributes{Name: "s", Chunks: MaxChunks})
	for _, c := range []struct {
		header string
		chunks int
		want   string
	}{
		{"s=2.a; s-2=b", 2, "ab"},
		{"s=2.a", 2, ""},
		{"s=3.a; s-2=b", 3, ""},
		{"s=2.a; s-2=1; s-2=2; s-2=3", 2, "a1 a2 a3"},
		{"s=3.a; s-2=1; s-2=2; s-3=x; s-3=y", 3, "a1x a2y a2x a1y"},
		{"s=3.a; s-2=1; s-2=2; s-3=x", 3, "a1x a2x"},
		{"s=3.a; s-2=1; s-3=x; s-3=y", 3, "a1x a1y"},
		{"s=2.a; s-2=" + strings.Repeat("x", MaxSize+1) + "; s-2=b", 2, "ab"},
	} {
		var r Received
		spec.Find([]string{c.header}, &r)
		if got := strings.Join(slices.Collect(r.Joins("a", c.chunks)), " "); got != c.want {
			t.Errorf("%.60s: got %q, want %q", c.header, got, c.want)
		}
	}
	var r Received
	spec.Find([]string{"s-2=1; s-2=2; s-3=1; s-3=2; s-4=1; s-4=2"}, &r)
	all := slices.Collect(r.Joins("", 4))
	if slices.Sort(all); len(slices.Compact(all)) != 8 {
		t.Errorf("got %q, want 8 different joins", all)
	}
}
