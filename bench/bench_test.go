package bench

import (
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

var rounds = flag.Int("rounds", 6, "how often each case is measured; the libraries take turns")

// ballast is the heap of a server. Without it, the garbage collector would find next
// to nothing alive, and so run all the time.
var ballast = make([]byte, 16<<20)

var cases = []string{"untouched", "read", "read-change-save"}

func (l library) handler(name string) http.Handler {
	return []http.Handler{l.untouched, l.read, l.readAndWrite}[slices.Index(cases, name)]
}

// BenchmarkSessions runs all cases of all libraries, and what they stand on.
func BenchmarkSessions(b *testing.B) {
	libraries := []library{sessiongen(), gorillaStore(), scsMemstore()}
	cookies := make(map[string]string)
	for _, l := range libraries {
		cookies[l.name] = cookie(l.fill)
	}
	f := newFloor(len(cookies["sessiongen"]) - len("__Host-session="))
	t := make(table)
	for range *rounds {
		for _, c := range cases {
			for _, l := range libraries {
				t.measure(b, c, l.name, request(l.handler(c), cookies[l.name]))
			}
		}
		t.measure(b, "untouched", "floor", request(untouched, ""))
		t.measure(b, "read", "floor", f.open)
		t.measure(b, "read-change-save", "floor", func() { f.open(); f.seal() })
	}
	t.print(cookies)
	runtime.KeepAlive(ballast)
}

// request returns a function that makes one request, with an empty header for the
// response.
func request(h http.Handler, cookie string) func() {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Cookie", cookie)
	w := httptest.NewRecorder()
	return func() {
		clear(w.Header())
		h.ServeHTTP(w, r)
	}
}

// table collects the time and the allocations of one operation.
type table map[string]*column

type column struct{ times, allocations []float64 }

func (t table) measure(b *testing.B, c, library string, op func()) {
	name := c + "/" + library
	allocations := testing.AllocsPerRun(100, op)
	b.Run(name, func(b *testing.B) {
		for b.Loop() {
			op()
		}
		b.ReportMetric(allocations, "allocs/op")
		col := t[name]
		if col == nil {
			col = new(column)
			t[name] = col
		}
		col.times = append(col.times, float64(b.Elapsed())/float64(b.N))
		col.allocations = append(col.allocations, allocations)
	})
}

func (t table) print(cookies map[string]string) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "\ncase\tlibrary\ttime\tallocs\tratio to sessiongen\t\n")
	for _, c := range cases {
		own := t[c+"/sessiongen"]
		if own == nil {
			continue // left out by -bench
		}
		for _, l := range []string{"sessiongen", "gorilla/sessions", "scs/memstore", "floor"} {
			col := t[c+"/"+l]
			if col == nil || len(col.times) != len(own.times) {
				continue
			}
			var ratios []float64
			for i, time := range col.times {
				ratios = append(ratios, time/own.times[i])
			}
			fmt.Fprintf(w, "%s\t%s\t%v\t%.0f\t%s\t\n", c, l, time.Duration(median(col.times)), median(col.allocations), ratio(median(ratios)))
		}
	}
	w.Flush()
	for _, l := range []string{"sessiongen", "gorilla/sessions", "scs/memstore"} {
		name, value, _ := strings.Cut(cookies[l], "=")
		fmt.Printf("cookie of %s: %d bytes, name and value\n", l, len(name)+len(value))
	}
}

// ratio says how many times faster, or slower, sessiongen is.
func ratio(r float64) string {
	if r >= 1 {
		return fmt.Sprintf("%.2f", r)
	}
	return fmt.Sprintf("1/%.2f", 1/r)
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}
