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
)

var rounds = flag.Int("rounds", 6, "how often each case is measured; the libraries take turns")

// ballast is the heap of a server. Without it, the garbage collector would find next
// to nothing alive, and so run all the time.
var ballast = make([]byte, 16<<20)

// floors are what the libraries stand on: see floor.
var floors = []string{"floor", "floor, reusing memory"}

var cases = []string{"untouched", "read", "read-change-save"}

func (l library) handler(name string) http.Handler {
	return []http.Handler{l.untouched, l.read, l.readAndWrite}[slices.Index(cases, name)]
}

// BenchmarkSessions runs all cases of all libraries, and what they stand on.
func BenchmarkSessions(b *testing.B) {
	libraries := []library{sessiongenCookie(), sessiongenWithoutMiddleware(), gorillaStore(six()), scsMemstore(six())}
	f := newFloor(len(cookie(libraries[0].fill)) - len("__Host-session="))
	t := make(table)
	for range *rounds {
		t.measureAll(b, libraries)
		t.measure(b, "untouched", floors[0], request(untouched, ""))
		t.measure(b, "read", floors[0], f.open)
		t.measure(b, "read", floors[1], f.openReusing)
		t.measure(b, "read-change-save", floors[0], func() { f.open(); f.seal() })
		t.measure(b, "read-change-save", floors[1], func() { f.openReusing(); f.sealReusing() })
	}
	t.print(cases, libraries)
	printCookies(libraries)
	runtime.KeepAlive(ballast)
}

// BenchmarkStore runs all cases with sessions in the server's memory, where
// gorilla/sessions has no store.
func BenchmarkStore(b *testing.B) {
	libraries := []library{sessiongenMemory(), scsMemstore(six())}
	t := make(table)
	for range *rounds {
		t.measureAll(b, libraries)
	}
	t.print(cases, libraries)
	runtime.KeepAlive(ballast)
}

// BenchmarkFields makes the same change to sessions of six fields and of sixty.
func BenchmarkFields(b *testing.B) {
	const few, many = "6 fields", "60 fields"
	libraries := []library{sessiongenCookie(), sessiongenMemory(), gorillaStore(six()), scsMemstore(six())}
	wide := []library{wideCookie(), wideMemory(), gorillaStore(sixty()), scsMemstore(sixty())}
	t := make(table)
	for range *rounds {
		for i, l := range libraries {
			t.measure(b, few, l.name, request(l.readAndWrite, cookie(l.fill)))
			t.measure(b, many, l.name, request(wide[i].readAndWrite, cookie(wide[i].fill)))
		}
	}
	t.print([]string{few, many}, libraries)
	t.printGrowth(few, many, libraries)
	printCookies(wide)
	runtime.KeepAlive(ballast)
}

// BenchmarkAccessors measures single accesses to a session that is loaded already.
func BenchmarkAccessors(b *testing.B) {
	own, peer := sessiongenAccessors(), scsAccessors()
	var names []string
	t := make(table)
	for range *rounds {
		names = names[:0]
		for _, a := range own.list {
			names = append(names, a.name)
			t.measure(b, a.name, own.library, a.op)
			if op := peer.find(a.name); op != nil {
				t.measure(b, a.name, peer.library, op)
			}
		}
	}
	t.print(names, []library{{name: own.library}, {name: peer.library}})
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

// measureAll measures every case of every library once.
func (t table) measureAll(b *testing.B, libraries []library) {
	for _, c := range cases {
		for _, l := range libraries {
			t.measure(b, c, l.name, request(l.handler(c), cookie(l.fill)))
		}
	}
}

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

func (t table) print(cases []string, libraries []library) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "\ncase\tlibrary\ttime\tallocs\tratio to %s\t\n", libraries[0].name)
	for _, c := range cases {
		own := t[c+"/"+libraries[0].name]
		if own == nil {
			continue // left out by -bench
		}
		names := slices.Clone(floors)
		for i, l := range libraries {
			names = slices.Insert(names, i, l.name)
		}
		for _, name := range names {
			col := t[c+"/"+name]
			if col == nil || len(col.times) != len(own.times) {
				continue
			}
			fmt.Fprintf(w, "%s\t%s\t%v\t%.0f\t%s\t\n", c, name,
				nanoseconds(median(col.times)), median(col.allocations), ratio(col.over(own)))
		}
	}
	w.Flush()
}

// printGrowth says how much longer than the one case the other takes.
func (t table) printGrowth(from, to string, libraries []library) {
	for _, l := range libraries {
		before, after := t[from+"/"+l.name], t[to+"/"+l.name]
		if before == nil || after == nil || len(before.times) != len(after.times) {
			continue // left out by -bench
		}
		fmt.Printf("%s: %s take %.2f times as long as %s\n", l.name, to, after.over(before), from)
	}
}

// over is the median of the rounds' ratios.
func (c *column) over(base *column) float64 {
	var ratios []float64
	for i, time := range c.times {
		ratios = append(ratios, time/base.times[i])
	}
	return median(ratios)
}

func printCookies(libraries []library) {
	for _, l := range libraries {
		name, value, _ := strings.Cut(cookie(l.fill), "=")
		fmt.Printf("cookie of %s: %d bytes, name and value\n", l.name, len(name)+len(value))
	}
}

func nanoseconds(t float64) string { return fmt.Sprintf("%.0f ns", t) }

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
