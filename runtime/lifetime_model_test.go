package runtime_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
	"pgregory.net/rapid"
)

// A model is a browser's session as a plain Go value, with the rules for it written a
// second time. Its requests follow one another.
type model struct {
	cfg  runtime.Config
	keys []string

	browser modelSession // what it holds; nil values if nothing

	// The state of the current request.
	modelSession
	isNew, modified bool
	ended           bool // it was cleared or destroyed
}

type modelSession struct {
	values    map[string]any
	codeEnd   time.Time
	permanent bool
	created   time.Time
	saved     time.Time
	key       string    // that the session is sealed with
	seen      time.Time // of the companion; zero if there is none for this session
	seenKey   string
}

func (s modelSession) clone() modelSession {
	s.values = maps.Clone(s.values)
	return s
}

func (m *model) slides() bool { return m.cfg.IdleTimeout > 0 || m.cfg.Sliding && m.permanent }

// companion reports whether there is one that opens.
func (m *model) companion() bool {
	return m.slides() && !m.seen.IsZero() && slices.Contains(m.keys, m.seenKey)
}

func (m *model) used() time.Time {
	if m.companion() && m.seen.After(m.saved) {
		return m.seen
	}
	return m.saved
}

func (m *model) end() time.Time {
	from := m.saved
	if m.cfg.Sliding && m.permanent {
		from = m.used()
	}
	end := from.Add(m.cfg.Lifetime)
	if d := m.cfg.IdleTimeout; d > 0 && m.used().Add(d).Before(end) {
		end = m.used().Add(d)
	}
	if d := m.cfg.AbsoluteTimeout; d > 0 && m.created.Add(d).Before(end) {
		end = m.created.Add(d)
	}
	return end
}

func (m *model) begin(now time.Time) {
	m.modelSession = modelSession{values: make(map[string]any), created: now, saved: now}
	m.isNew = true
}

// open is what a request finds.
func (m *model) open(now time.Time) {
	m.modelSession, m.isNew, m.modified, m.ended = m.browser.clone(), false, false, false
	if m.values == nil || !slices.Contains(m.keys, m.key) || !now.Before(m.end()) {
		m.begin(now)
	}
	if !m.codeEnd.IsZero() && !now.Before(m.codeEnd) {
		delete(m.values, "code")
		m.codeEnd = time.Time{}
	}
}

func (m *model) set(key string, value any) {
	if old, ok := m.values[key]; !ok || old != value {
		m.values[key], m.modified = value, true
	}
}

func (m *model) remove(key string) {
	if _, ok := m.values[key]; ok {
		delete(m.values, key)
		m.modified = true
	}
}

// save is what a response sends: the session, the companion, both or neither.
func (m *model) save(now time.Time) (data, seen bool) {
	switch {
	case m.modified && len(m.values) == 0:
		m.browser = modelSession{}
		return false, false
	case m.modified:
		m.saved, m.key = now, m.keys[0]
		if !m.slides() {
			m.seen = time.Time{}
		}
		m.browser = m.modelSession.clone()
		return true, false
	case len(m.values) == 0:
		return false, false
	}
	data = m.key != m.keys[0]
	if m.slides() {
		due := now.Sub(m.used()) >= m.cfg.RefreshAfter
		seen = due || data || m.companion() && m.seenKey != m.keys[0]
	}
	if data {
		m.key = m.keys[0]
		if !m.slides() {
			m.seen = time.Time{}
		}
	}
	if seen {
		m.seen, m.seenKey = now, m.keys[0]
	}
	if data || seen {
		m.browser = m.modelSession.clone()
	}
	return data, seen
}

// TestModel makes requests at random and holds each against the model.
func TestModel(t *testing.T) {
	seconds := func(t *rapid.T, name string, choices ...int) time.Duration {
		return time.Duration(rapid.SampledFrom(choices).Draw(t, name)) * time.Second
	}
	rapid.Check(t, func(rt *rapid.T) {
		clock := newClock()
		cfg := runtime.Config{
			Name:            "s",
			Time:            clock.now,
			Lifetime:        seconds(rt, "Lifetime", 100, 200, 1000),
			IdleTimeout:     seconds(rt, "IdleTimeout", 0, 0, 50, 150),
			AbsoluteTimeout: seconds(rt, "AbsoluteTimeout", 0, 0, 400),
			Sliding:         rapid.Bool().Draw(rt, "Sliding"),
			MaxChunks:       rapid.IntRange(0, 4).Draw(rt, "MaxChunks"),
		}
		if cfg.IdleTimeout > 0 || cfg.Sliding {
			cfg.RefreshAfter = seconds(rt, "RefreshAfter", 1, 7, 49)
		}
		manager := newManager(t, cfg)
		j := newJar(clock.now)
		model := &model{cfg: cfg, keys: []string{keyA}}
		rt.Repeat(map[string]func(*rapid.T){
			"wait":    func(rt *rapid.T) { clock.advance(seconds(rt, "wait", 0, 1, 6, 7, 48, 49, 50, 99, 100, 149, 150)) },
			"request": func(rt *rapid.T) { modelRequest(rt, j, manager, model, clock.now()) },
			"rotate": func(rt *rapid.T) {
				keys := rapid.SampledFrom([]string{keyA, keyA + " " + keyB, keyB + " " + keyA, keyB, keyB + " " + keyC, keyC + " " + keyA}).Draw(rt, "keys")
				model.keys = strings.Fields(keys)
				if err := manager.SetKeys(parseKeys(t, keys)); err != nil {
					rt.Fatal(err)
				}
			},
		})
	})
}

func modelRequest(t *rapid.T, j *jar, manager *runtime.Manager[visitor], m *model, now time.Time) {
	m.open(now)
	header := j.header()
	had := strings.Join(header, "; ") + "; "
	s := manager.Open(t.Context(), header)
	if got := s.IsNew(); got != m.isNew {
		t.Fatalf("got new %v, want %v", got, m.isNew)
	}
	for range rapid.IntRange(0, 4).Draw(t, "operations") {
		modelOperation(t, s, m, now, strings.Contains("; "+had, "; s="))
	}
	compareModel(t, s, m)
	size := s.Size()
	lines, err := setCookieLines(manager.Seal(s))
	if limit := 4096 * max(1, m.cfg.MaxChunks); m.modified && size > limit {
		if !errors.Is(err, runtime.ErrTooLarge) || (lines != nil) != (m.ended && strings.Contains("; "+had, "; s=")) {
			t.Fatalf("a session of %d bytes: got %d cookies, %v", size, len(lines), err)
		}
		for _, line := range lines {
			if err := j.store(line); err != nil {
				t.Fatal(err)
			}
		}
		if lines != nil {
			if m.browser = (modelSession{}); j.header() != nil {
				t.Fatalf("after a log-out, the browser has %.100q", j.header())
			}
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	wantData, wantSeen := m.save(now)
	var data, seen bool
	sent := 0 // bytes of the session
	for _, line := range lines {
		if err := j.store(line); err != nil {
			t.Fatalf("the jar refuses a cookie: %v: %.100s", err, line)
		}
		pair, attributes, _ := strings.Cut(line, ";")
		name, _, _ := strings.Cut(pair, "=")
		switch {
		case strings.HasPrefix(attributes, " Max-Age=0"):
			// The remaining cookies of a session whose own cookie is gone are deleted together with that
			// name.
			left := name == "s" && strings.Contains("; "+had, "; s-")
			if !strings.Contains(had, name+"=") && !left {
				t.Fatalf("the response removes %s, which the browser did not have", name)
			}
		case name == "s-seen":
			seen = true
		default:
			data = data || name == "s"
			sent += len(pair) - len("=")
		}
	}
	if data != wantData || seen != wantSeen {
		t.Fatalf("sent the session %v, its companion %v, want %v, %v", data, seen, wantData, wantSeen)
	}
	held := 0
	for _, c := range j.cookies {
		if c.name != "s-seen" {
			held += len(c.name) + len(c.value)
		}
	}
	if data && (sent != size || held != size) {
		t.Fatalf("Size is %d, the response sent %d bytes, and the browser has %d", size, sent, held)
	}
	if m.browser.values == nil && m.modified && j.value("s") != "" {
		t.Fatalf("the browser keeps the empty session's cookie: %.100q", j.header())
	}
}

func modelOperation(t *rapid.T, s *visitor, m *model, now time.Time, had bool) {
	switch rapid.SampledFrom([]string{
		"read", "user", "visits", "blob", "blob", "clear blob", "code", "pop code", "permanent", "renew", "clear", "destroy",
	}).Draw(t, "operation") {
	case "user":
		v := rapid.StringN(0, 2, 10).Draw(t, "user")
		fieldUser.Set(s.Session, v)
		m.set("user", v)
	case "visits":
		fieldVisits.Update(s.Session, func(n int) int { return n + 1 })
		n, _ := m.values["visits"].(int)
		m.set("visits", n+1)
	case "blob":
		v := strings.Repeat("b", rapid.SampledFrom([]int{0, 10, 2900, 2950, 2960, 2970, 3000, 5000, 6000, 6100, 9100, 9200, 12000, 12300}).Draw(t, "size"))
		fieldBlob.Set(s.Session, []byte(v))
		m.set("blob", v)
	case "clear blob":
		fieldBlob.Clear(s.Session)
		m.remove("blob")
	case "code":
		fieldCode.Set(s.Session, "123")
		if end := now.Add(fieldCode.TTL); !m.codeEnd.Equal(end) {
			m.modified, m.codeEnd = true, end
		}
		m.values["code"] = "123"
	case "pop code":
		v, ok := fieldCode.Pop(s.Session)
		if _, want := m.values["code"]; ok != want || ok && v != "123" {
			t.Fatalf("Pop returns %q, %v", v, ok)
		}
		m.remove("code")
		m.codeEnd = time.Time{}
	case "permanent":
		v := rapid.Bool().Draw(t, "permanent")
		s.SetPermanent(v)
		m.modified = m.modified || v != m.permanent
		m.permanent = v
	case "renew":
		s.Renew()
		m.modified, m.seen = true, time.Time{}
	case "clear":
		s.Clear()
		if len(m.values) > 0 || m.permanent || m.isNew && had {
			m.values, m.permanent, m.codeEnd, m.modified = make(map[string]any), false, time.Time{}, true
			m.ended = true
		}
	case "destroy":
		s.Destroy()
		m.begin(now)
		m.modified, m.ended = true, true
	}
}

func compareModel(t *rapid.T, s *visitor, m *model) {
	got := make(map[string]any)
	if fieldUser.Has(s.Session) {
		got["user"] = fieldUser.Get(s.Session)
	}
	if fieldVisits.Has(s.Session) {
		got["visits"] = fieldVisits.Get(s.Session)
	}
	if fieldBlob.Has(s.Session) {
		got["blob"] = string(fieldBlob.Get(s.Session))
	}
	if fieldCode.Has(s.Session) {
		got["code"] = fieldCode.Get(s.Session)
	}
	if fmt.Sprint(got) != fmt.Sprint(m.values) {
		t.Fatalf("got values %.200v, want %.200v", got, m.values)
	}
	if s.Permanent() != m.permanent || s.Modified() != m.modified || !s.CreatedAt().Equal(m.created) {
		t.Fatalf("permanent %v, modified %v, created %v; want %v, %v, %v",
			s.Permanent(), s.Modified(), s.CreatedAt(), m.permanent, m.modified, m.created)
	}
	if end := s.ExpiresAt(); !m.modified && !m.isNew && !end.Equal(m.end()) {
		t.Fatalf("got an end at %v, want %v", end, m.end())
	}
}
