package legacy_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/legacy"
)

const recordID = "MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43UOV3HO6DZPI2DINRXHA4Q"

// recordMap is the store of an old program.
type recordMap struct {
	mu      sync.Mutex
	records map[string][]byte
	left    time.Duration
	err     error
	asked   int
}

func (m *recordMap) Find(ctx context.Context, id string) ([]byte, time.Duration, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, limited := ctx.Deadline(); !limited {
		return nil, 0, errors.New("no deadline")
	}
	m.asked++
	return m.records[id], m.left, m.err
}

func (m *recordMap) Delete(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err == nil {
		delete(m.records, id)
	}
	return m.err
}

func (m *recordMap) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

// A recordForm is how a store encodes sessions, and their ids in cookies.
type recordForm struct {
	source legacy.Gorilla
	record []byte
	cookie string
}

// recordForms returns the forms of all known stores, with a session that is logged in as 42.
func recordForms(t *testing.T) map[string]recordForm {
	contents := map[string]any{"username": "hubo", "account": 42, "visits": 3, "theme": "dark"}
	asGob := gobText(t, map[any]any{"username": "hubo", "account": 42, "visits": 3, "theme": "dark"})
	asJSON, err := json.Marshal(contents)
	if err != nil {
		t.Fatal(err)
	}
	sealed := func(value []byte) string { return secure(t, "old", hashKey, blockKey, start, value) }
	gobID, jsonID := sealed(gobText(t, recordID)), sealed([]byte(`"`+recordID+`"`))
	form := func(record []byte, cookie string, change func(*legacy.Gorilla)) recordForm {
		g := gorilla()
		change(&g)
		return recordForm{g, record, cookie}
	}
	return map[string]recordForm{
		"sealed":           form([]byte(sealed(asGob)), gobID, func(*legacy.Gorilla) {}),
		"sealed JSON":      form([]byte(sealed(asJSON)), jsonID, func(g *legacy.Gorilla) { g.JSON = true }),
		"plain":            form(asGob, gobID, func(g *legacy.Gorilla) { g.Plain = true }),
		"plain JSON":       form(asJSON, gobID, func(g *legacy.Gorilla) { g.Plain, g.JSON = true, true }),
		"plain of bare id": form(asGob, recordID, func(g *legacy.Gorilla) { g.Plain, g.Keys = true, nil }),
	}
}

// newRecords returns a store with the record of a form, and the source that reads it.
func newRecords(form recordForm) (*recordMap, legacy.Gorilla) {
	m := &recordMap{records: map[string][]byte{recordID: form.record}}
	form.source.Records = m
	return m, form.source
}

func TestGorillaRecords(t *testing.T) {
	for name, form := range recordForms(t) {
		t.Run(name, func(t *testing.T) {
			everyHome(t, func(t *testing.T, cfg runtime.Config) {
				store, source := newRecords(form)
				s := newSite(t, withLegacy(cfg, source))
				old := with("old", form.cookie)
				b := old.clone()
				s.visit(b, func(v *visitor) {
					if fieldUser.Get(v.Session) != "hubo" || fieldAccount.Get(v.Session) != 42 || fieldVisits.Get(v.Session) != 3 || fieldTheme.Get(v.Session) != "dark" {
						t.Errorf("got session %v", v)
					}
				})
				if len(b) != 1 || b["old"] != "" || len(store.records) != 1 {
					t.Errorf("the browser has cookies %v and the store %d records, want one of ours and 1 record", b, len(store.records))
				}
				s.expectAccount(old, 42) // another first request
				s.visit(b, func(v *visitor) { v.Renew() })
				late := b.clone()
				s.visit(b, func(v *visitor) { v.LogOut() })
				if len(store.records) != 0 {
					t.Error("the old record still exists after a log-out")
				}
				s.expectAccount(old, 0)
				if cfg.Store != nil || cfg.Revocations != nil {
					s.expectAccount(late, 0)
				}
			})
		})
	}
}

// An imported session ends with the record, if the record's end is known.
func TestGorillaRecordEnds(t *testing.T) {
	for name, form := range recordForms(t) {
		store, source := newRecords(form)
		store.left = time.Hour
		s := newSite(t, withLegacy(runtime.Config{}, source))
		b := with("old", form.cookie)
		s.visit(b, read)
		s.advance(time.Hour - time.Second)
		if got := s.account(b); got != 42 {
			t.Errorf("%s: logged in as %d while the record lives, want 42", name, got)
		}
		s.advance(time.Second)
		if got := s.account(b); got != 0 {
			t.Errorf("%s: logged in as %d after the record's end, want nobody", name, got)
		}
	}
}

// A record that the old program would not accept is not taken over. Without an authentic id, no record is looked for.
func TestGorillaRecordsRefused(t *testing.T) {
	forms := recordForms(t)
	large := func(n int) []byte { return gobText(t, map[any]any{"account": 42, "other": strings.Repeat("x", n)}) }
	sealedBy := func(key []byte, at time.Time) []byte {
		return []byte(secure(t, "old", key, blockKey, at, gobText(t, map[any]any{"account": 42})))
	}
	otherKey := []byte(strings.Repeat("x", 32))
	for name, c := range map[string]struct {
		form   string
		change func(*recordForm)
		asked  bool
		reason string
	}{
		"unknown":            {"sealed", func(f *recordForm) { f.record = nil }, true, runtime.RefusedUnknownID},
		"plain, unknown":     {"plain", func(f *recordForm) { f.record = nil }, true, runtime.RefusedUnknownID},
		"bare, unknown":      {"plain of bare id", func(f *recordForm) { f.record = nil }, true, runtime.RefusedUnknownID},
		"empty":              {"plain", func(f *recordForm) { f.record = []byte{} }, true, runtime.RefusedMalformed},
		"truncated":          {"plain", func(f *recordForm) { f.record = f.record[:len(f.record)-1] }, true, runtime.RefusedMalformed},
		"sealed, truncated":  {"sealed", func(f *recordForm) { f.record = f.record[:len(f.record)-4] }, true, runtime.RefusedForged},
		"JSON, truncated":    {"plain JSON", func(f *recordForm) { f.record = f.record[:len(f.record)-1] }, true, runtime.RefusedMalformed},
		"oversized":          {"plain", func(f *recordForm) { f.record = large(64 << 10) }, true, runtime.RefusedMalformed},
		"sealed, oversized":  {"sealed", func(f *recordForm) { f.record = []byte(secure(t, "old", hashKey, blockKey, start, large(40<<10))) }, true, runtime.RefusedMalformed},
		"of another key":     {"sealed", func(f *recordForm) { f.record = sealedBy(otherKey, start) }, true, runtime.RefusedForged},
		"expired":            {"sealed", func(f *recordForm) { f.record = sealedBy(hashKey, start.Add(-31*24*time.Hour)) }, true, runtime.RefusedExpired},
		"not sealed":         {"plain", func(f *recordForm) { f.source.Plain = false }, true, runtime.RefusedMalformed},
		"sealed after all":   {"sealed", func(f *recordForm) { f.source.Plain = true }, true, runtime.RefusedMalformed},
		"forged id":          {"plain", func(f *recordForm) { f.cookie = secure(t, "old", otherKey, nil, start, gobText(t, recordID)) }, false, runtime.RefusedForged},
		"id, unsigned":       {"plain", func(f *recordForm) { f.cookie = recordID }, false, runtime.RefusedMalformed},
		"id of another name": {"plain", func(f *recordForm) { f.cookie = secure(t, "other", hashKey, blockKey, start, gobText(t, recordID)) }, false, runtime.RefusedForged},
		"id, expired": {"plain", func(f *recordForm) {
			f.cookie = secure(t, "old", hashKey, blockKey, start.Add(-31*24*time.Hour), gobText(t, recordID))
		}, false, runtime.RefusedExpired},
		"id, another type":    {"plain", func(f *recordForm) { f.cookie = secure(t, "old", hashKey, blockKey, start, gobText(t, 42)) }, false, runtime.RefusedMalformed},
		"id with a separator": {"plain", func(f *recordForm) { f.cookie = secure(t, "old", hashKey, blockKey, start, gobText(t, "a:b")) }, false, runtime.RefusedMalformed},
		"bare id, odd":        {"plain of bare id", func(f *recordForm) { f.cookie = recordID + "." }, false, runtime.RefusedMalformed},
		"bare id, long":       {"plain of bare id", func(f *recordForm) { f.cookie = strings.Repeat("A", 129) }, false, runtime.RefusedMalformed},
	} {
		form := forms[c.form]
		c.change(&form)
		store, source := newRecords(form)
		s := newSite(t, withLegacy(runtime.Config{}, source))
		s.expectAccount(with("old", form.cookie), 0)
		if asked := store.asked > 0; asked != c.asked {
			t.Errorf("%s: a record was looked for: got %v, want %v", name, asked, c.asked)
		}
		if events := s.takeEvents(); len(events) != 1 || events[0].Kind != runtime.EventImportRefused || events[0].Reason != c.reason {
			t.Errorf("%s: got events %v, want one refusal, %s", name, events, c.reason)
		}
	}
}

// A failing store means 503, for a first request and for a log-out.
func TestGorillaRecordsFail(t *testing.T) {
	form := recordForms(t)["plain"]
	everyHome(t, func(t *testing.T, cfg runtime.Config) {
		store, source := newRecords(form)
		s := newSite(t, withLegacy(cfg, source))
		s.expectFailures(store.fail, "old", form.cookie)
	})
}
