package runtime_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// TestChunkBoundaries holds sizes around each boundary against a count of its own.
func TestChunkBoundaries(t *testing.T) {
	clock := newClock()
	for _, name := range []string{"s", "__Host-session", strings.Repeat("n", 253), strings.Repeat("n", 256)} {
		for maxChunks := range 5 {
			m := newManager(t, runtime.Config{Name: name, MaxChunks: maxChunks, Time: clock.now})
			limit := max(1, maxChunks)

			// How long the token of a session with a blob is, counted from a small one.
			const base = 1000
			first := sealed(t, m, setBlob(base))
			raw := (len(first) - len(name+"=")) * 3 / 4
			tokenLen := func(blob int) int { return ((raw+blob-base)*4 + 2) / 3 }

			for boundary := 1; boundary <= 4; boundary++ {
				blob := base
				for tokenLen(blob) < roomFor(name, boundary)-5 {
					blob++
				}
				for ; tokenLen(blob) < roomFor(name, boundary)+6; blob++ {
					chunks := 1
					for chunks < 5 && tokenLen(blob) > roomFor(name, chunks) {
						chunks++
					}
					size := len(name) + tokenLen(blob)
					for i := 2; i <= min(chunks, limit); i++ {
						size += len(name) + len("-2")
					}
					if limit > 1 && chunks > 1 {
						size += len("2.")
					}
					checkChunks(t, clock, m, setBlob(blob), name, min(chunks, limit+1), limit, size)
				}
			}
		}
	}
}

func checkChunks(t *testing.T, clock *clock, m *runtime.Manager[visitor], fill func(*visitor), name string, chunks, limit, size int) {
	t.Helper()
	j := newJar(clock.now)
	var s *visitor
	lines, err := j.try(t, m, func(v *visitor) { s = v; fill(s) })
	what := fmt.Sprintf("a name of %d, %d bytes in %d of %d cookies", len(name), size, chunks, limit)
	if got := s.Size(); got != size {
		t.Errorf("%s: Size returns %d, want %d", what, got, size)
	}
	if chunks > limit {
		want := fmt.Sprintf("session: too large for a cookie: %d bytes, %d allowed; the largest fields are Blob (%d bytes)",
			size, limit*4096, len(fieldBlob.Get(s.Session))+len("\xa4blob\xc5.."))
		if !errors.Is(err, runtime.ErrTooLarge) || err.Error() != want || lines != nil || len(j.header()) != 0 {
			t.Errorf("%s: got %d cookies, %v, want %s", what, len(lines), err, want)
		}
		return
	}
	if err != nil || len(lines) != chunks {
		t.Errorf("%s: got %d cookies, %v, want %d", what, len(lines), err, chunks)
		return
	}
	total := 0
	for i, line := range lines {
		c := parseCookie(t, line)
		n := len(c.Name) + len(c.Value)
		if total += n; n > 4096 || n != 4096 && i < chunks-1 || c.Value == "" {
			t.Errorf("%s: cookie %d has %d bytes", what, i+1, n)
		}
	}
	if total != size {
		t.Errorf("%s: the cookies have %d bytes, want %d", what, total, size)
	}
	j.visit(t, m, func(got *visitor) {
		if got.Size() != size || !bytes.Equal(fieldBlob.Get(got.Session), fieldBlob.Get(s.Session)) {
			t.Errorf("%s: the session opens with %d bytes, want %d and the same data", what, got.Size(), size)
		}
	})
}

// A session grows and shrinks; what it no longer needs is removed.
func TestStaleChunks(t *testing.T) {
	clock := newClock()
	m := newManager(t, runtime.Config{Name: "s", MaxChunks: 4, Time: clock.now})
	const one, two, three, four = 100, 5000, 8000, 11000
	clearBlob := func(s *visitor) { fieldBlob.Clear(s.Session) }
	for _, c := range []struct {
		from, to int
		want     string
	}{
		{one, two, "s s-2"}, {one, four, "s s-2 s-3 s-4"}, {two, three, "s s-2 s-3"}, {four, four + 1, "s s-2 s-3 s-4"},
		{four, three, "s s-2 s-3 -s-4"}, {four, two, "s s-2 -s-3 -s-4"}, {four, one, "s -s-2 -s-3 -s-4"},
		{three, two, "s s-2 -s-3"}, {three, one, "s -s-2 -s-3"}, {two, one, "s -s-2"},
	} {
		j := newJar(clock.now)
		j.visit(t, m, setBlob(c.from))
		if got := j.visit(t, m, setBlob(c.to)); got != c.want {
			t.Errorf("from %d to %d bytes: sent %q, want %q", c.from, c.to, got, c.want)
		}
		j.visit(t, m, func(s *visitor) {
			if got := len(fieldBlob.Get(s.Session)); got != c.to {
				t.Errorf("from %d to %d bytes: the session opens with %d", c.from, c.to, got)
			}
		})
	}
	for size, want := range map[int]string{one: "-s", two: "-s -s-2", three: "-s -s-2 -s-3", four: "-s -s-2 -s-3 -s-4"} {
		for name, end := range map[string]func(*visitor){
			"Clear": func(s *visitor) { s.Clear() }, "Destroy": func(s *visitor) { s.Destroy() }, "last field": clearBlob,
		} {
			j := newJar(clock.now)
			j.visit(t, m, setBlob(size))
			if got := j.visit(t, m, end); got != want || j.header() != nil {
				t.Errorf("%s of %d bytes: sent %q, want %q; the jar has %.100q", name, size, got, want, j.header())
			}
		}
	}
}

// TestChunksOfClients takes what the client says of a session of three cookies.
func TestChunksOfClients(t *testing.T) {
	clock := newClock()
	var log eventLog
	cfg := runtime.Config{Name: "s", MaxChunks: 4, Time: clock.now, OnEvent: log.record}
	m := newManager(t, cfg)
	chunksOf := func(m *runtime.Manager[visitor], size int) []string {
		j := newJar(clock.now)
		j.visit(t, m, setBlob(size))
		return strings.Split(j.header()[0], "; ")
	}
	own, foreign, small, two := chunksOf(m, 8000), chunksOf(m, 8001), chunksOf(m, 100), chunksOf(m, 5000)
	if len(own) != 3 || len(foreign) != 3 || len(small) != 1 || len(two) != 2 {
		t.Fatal("the sessions have other numbers of chunks than the test needs")
	}
	count := func(count string) []string { // in place of "3."
		return []string{"s=" + count + own[0][len("s=3."):], own[1], own[2]}
	}
	const alive, forged, malformed = "", runtime.RefusedForged, runtime.RefusedMalformed
	for _, c := range []struct {
		name  string
		pairs []string
		want  string // the reason of the refusal
	}{
		{"as sent", own, alive},
		{"in another order", []string{own[2], own[1], own[0]}, alive},
		{"with one too many", append(slices.Clone(own), "s-4=AAAA"), alive},
		{"with unknown ones", append([]string{"s-1=x", "s-5=x", "s-=x"}, own...), alive},
		{"first one missing", own[1:], "none"},
		{"second one missing", []string{own[0], own[2]}, malformed},
		{"third one missing", own[:2], malformed},
		{"alone", own[:1], malformed},
		{"second one empty", []string{own[0], "s-2=", own[2]}, malformed},
		{"second one without a value", []string{own[0], "s-2", own[2]}, malformed},
		{"swapped", []string{own[0], "s-2" + own[2][3:], "s-3" + own[1][3:]}, forged},
		{"the same twice", []string{own[0], own[1], "s-3" + own[1][3:]}, forged},
		{"second one of another session", []string{own[0], foreign[1], own[2]}, forged},
		{"third one of another session", []string{own[0], own[1], foreign[2]}, forged},
		{"first one of another session", []string{foreign[0], own[1], own[2]}, forged},
		{"first one of a smaller session", []string{two[0], own[1], own[2]}, forged},
		{"third one cut short by 4", []string{own[0], own[1], own[2][:len(own[2])-4]}, forged},
		{"third one longer by 4", []string{own[0], own[1], own[2] + "AAAA"}, forged},
		{"first one cut short by 4", []string{own[0][:len(own[0])-4], own[1], own[2]}, forged},
		{"second one quoted", []string{own[0], `s-2="` + own[1][4:] + `"`, own[2]}, malformed},
		{"a chunk with a count of its own", []string{own[0], "s-2=3." + own[1][4:], own[2]}, malformed},
		{"repeated, the good one first", []string{own[0], own[1], own[2], "s-2=AAAA", "s-3=AAAA"}, alive},
		{"repeated, the good one last", []string{own[0], "s-2=AAAA", own[1], own[2]}, alive},
		{"count 0", count("0."), malformed},
		{"count 1", count("1."), malformed},
		{"count 2", count("2."), forged},
		{"count 4", count("4."), malformed},
		{"count 4, and so many", append(count("4."), "s-4=AAAA"), forged},
		{"count 5", count("5."), malformed},
		{"count 9", append(count("9."), "s-4=A", "s-5=A", "s-6=A", "s-7=A", "s-8=A", "s-9=A"), malformed},
		{"count :", count(":."), malformed},
		{"count /", count("/."), malformed},
		{"count -", count("-."), malformed},
		{"count ff", count("\xff."), malformed},
		{"count 03", count("03."), malformed},
		{"no count", count(""), forged},
		{"no count but a dot", count("."), malformed},
		{"no dot", count("3"), malformed},
		{"two counts", count("3.3."), malformed},
		{"nothing but a count", []string{"s=3.", "s-2=AAAA", own[2]}, malformed}, // not own[1], which may begin like a token
		{"half a count", []string{"s=3", own[1], own[2]}, malformed},
		{"a count over empty ones", []string{"s=4.", "s-2=", "s-3=", "s-4="}, malformed},
		{"one cookie with a count", []string{"s=1." + small[0][2:]}, malformed},
		{"one cookie with others", []string{small[0], own[1], own[2]}, alive},
	} {
		log.take()
		s := m.Open(t.Context(), []string{strings.Join(c.pairs, "; ")})
		isNew := s.IsNew()
		if isNew == (c.want == alive) || isNew == fieldBlob.Has(s.Session) {
			t.Errorf("%s: got a new session %v, want %v", c.name, isNew, c.want != alive)
		}
		got := alive
		for _, e := range log.take() {
			got = e.Reason
		}
		// Where the text was cut, whether it still is base64 depends on where.
		if c.want == "none" {
			c.want = alive
		}
		if got != c.want && !(c.want == forged && got == malformed) {
			t.Errorf("%s: refused as %q, want %q", c.name, got, c.want)
		}

		// A change sends the whole session and removes foreign chunks, whatever the browser had.
		j := newJar(clock.now)
		for _, pair := range c.pairs {
			j.store(pair)
		}
		j.visit(t, m, func(s *visitor) { s.Destroy(); fieldUser.Set(s.Session, "new") })
		for _, name := range []string{"s-2", "s-3", "s-4", "s-seen"} {
			if j.value(name) != "" {
				t.Errorf("%s: the cookie %s is left", c.name, name)
			}
		}
		j.visit(t, m, func(s *visitor) {
			if fieldUser.Get(s.Session) != "new" {
				t.Errorf("%s: the new session does not open", c.name)
			}
		})
	}
}

// MaxChunks is lowered while browsers hold larger sessions: they are refused, and
// their cookies removed with the next change.
func TestMaxChunksLowered(t *testing.T) {
	clock := newClock()
	m := newManager(t, runtime.Config{Name: "s", MaxChunks: 4, Time: clock.now})
	for _, c := range []struct {
		size, chunks, lowered int
	}{{11000, 4, 3}, {11000, 4, 2}, {11000, 4, 1}, {11000, 4, 0}, {8000, 3, 2}, {5000, 2, 1}, {5000, 2, 0}, {8000, 3, 3}, {8000, 3, 4}, {100, 1, 0}} {
		var log eventLog
		lower := newManager(t, runtime.Config{Name: "s", MaxChunks: c.lowered, Time: clock.now, OnEvent: log.record})
		j := newJar(clock.now)
		j.visit(t, m, setBlob(c.size))
		kept := c.chunks <= max(1, c.lowered)
		before := j.header()[0]
		if got := j.visit(t, lower, read); got != "" || j.header()[0] != before {
			t.Errorf("%+v: a request that reads sends %q", c, got)
		}
		if kept {
			log.expect(t)
		} else {
			log.expect(t, runtime.Event{Kind: runtime.EventRefused, Reason: runtime.RefusedMalformed})
		}
		want := "s"
		for i := 2; i <= c.chunks; i++ {
			if kept {
				want += fmt.Sprint(" s-", i)
			} else {
				want += fmt.Sprint(" -s-", i)
			}
		}
		if got := j.visit(t, lower, func(s *visitor) { fieldVisits.Set(s.Session, 1) }); got != want {
			t.Errorf("%+v: a change sends %q, want %q", c, got, want)
		}
		j.visit(t, lower, func(s *visitor) {
			if fieldBlob.Has(s.Session) != kept || fieldVisits.Get(s.Session) != 1 {
				t.Errorf("%+v: the large field is kept: %v, want %v", c, fieldBlob.Has(s.Session), kept)
			}
		})
	}
}

func TestChunksResealed(t *testing.T) {
	clock := newClock()
	var log eventLog
	m := newManager(t, runtime.Config{Name: "s", MaxChunks: 4, IdleTimeout: time.Hour, Lifetime: 2 * time.Hour, Time: clock.now, OnEvent: log.record})
	j := newJar(clock.now)
	j.visit(t, m, func(s *visitor) { setBlob(8000)(s); s.SetPermanent(true) })
	clock.advance(30 * time.Minute)
	m.SetKeys(parseKeys(t, keyB+" "+keyA))
	log.take()
	lines, err := j.try(t, m, read)
	if got := summary(t, lines); got != "s s-2 s-3 s-seen" || err != nil {
		t.Fatalf("got cookies %q, %v, want all chunks and the companion", got, err)
	}
	log.expect(t, runtime.Event{Kind: runtime.EventResealed})
	for i, want := range []int{90 * 60, 90 * 60, 90 * 60, 60 * 60} {
		if c := parseCookie(t, lines[i]); c.MaxAge != want {
			t.Errorf("%s: Max-Age=%d, want %d", c.Name, c.MaxAge, want)
		}
	}
	m.SetKeys(parseKeys(t, keyB))
	if got := j.visit(t, m, func(s *visitor) {
		if len(fieldBlob.Get(s.Session)) != 8000 {
			t.Error("the resealed session does not open")
		}
	}); got != "" {
		t.Errorf("the session is resealed again: %q", got)
	}
	// A part of the old token does not fit the new one, not even under a key in use.
	m.SetKeys(parseKeys(t, keyB+" "+keyA))
	if s := m.Open(t.Context(), []string{j.header()[0], "s-2=x"}); s.IsNew() {
		t.Error("a planted chunk after the session hides it")
	}
	if s := m.Open(t.Context(), []string{"s-2=x", j.header()[0]}); s.IsNew() {
		t.Error("a planted chunk before the session hides it")
	}
	withForeign := strings.Replace(j.header()[0], "s-2=", "s-2=x; x=", 1)
	if s := m.Open(t.Context(), []string{withForeign}); !s.IsNew() {
		t.Error("a chunk of another session is accepted")
	}
}
