package legacy

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"
	gincookie "github.com/gin-contrib/sessions/cookie"
	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"
	"github.com/sessiongen/sessiongen/integration/legacy/old"
	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/legacy"
)

// An oldProgram is the program before the move: /login?id=N logs in, /whoami says who is logged in.
type oldProgram struct {
	http.Handler
	cookie string // its name
	source runtime.LegacySource

	records func() int // in its store; nil if it has none
}

var (
	hash     = old.Hash
	block    = old.Block
	older    = []byte(strings.Repeat("o", 32))
	untilEnd = time.Now().Add(90 * 24 * time.Hour)
)

// check compares a session with contents.
func check(s *Session, id int) error {
	got := fmt.Sprintf("%v %v %v %v %v %v %q %+v %v %q %v", s.GetUserID(), s.GetName(), s.GetVisits(), s.GetAdmin(), s.GetScore(), s.GetSince().UTC(),
		s.GetRoles(), s.GetCart(), s.GetPrefs(), s.GetToken(), s.GetTheme())
	want := fmt.Sprintf("%v hubo 3 true 9.5 %v %q %+v map[lang:de] %q dark", id, old.Since, []string{"editor", "author"}, []Item{{"A1", 2}, {"B2", 1}}, "\x00\xffraw")
	if got != want {
		return fmt.Errorf("the session has\n%s\nwant\n%s", got, want)
	}
	if notes := strings.Join(s.TakeNotes(), " "); notes != "welcome again" {
		return fmt.Errorf("flash messages %q", notes)
	}
	return nil
}

// jsonProgram keeps JSON in a cookie of securecookie.
func jsonProgram(name string, codec *securecookie.SecureCookie) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/login", func(w http.ResponseWriter, r *http.Request) {
		id, _ := strconv.Atoi(r.FormValue("id"))
		text, err := codec.Encode(name, old.Contents(id))
		if err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: name, Value: text, Path: "/"})
	})
	mux.HandleFunc("/whoami", func(w http.ResponseWriter, r *http.Request) {
		var values struct {
			UserID int `json:"user_id"`
		}
		if c, err := r.Cookie(name); err == nil {
			codec.Decode(name, c.Value, &values)
		}
		fmt.Fprint(w, values.UserID)
	})
	return mux
}

// oldPrograms has a program for every library. Each call has its own stores.
func oldPrograms(t *testing.T) map[string]oldProgram {
	gorilla := func(store sessions.Store, s legacy.Gorilla) oldProgram {
		s.Name, s.Until = "gorilla", untilEnd
		return oldProgram{Handler: old.Gorilla("gorilla", store), cookie: "gorilla", source: s}
	}
	file := func(s legacy.Gorilla) oldProgram {
		s.Dir = t.TempDir()
		p := gorilla(sessions.NewFilesystemStore(s.Dir, s.Keys...), s)
		p.records = func() int {
			files, _ := filepath.Glob(filepath.Join(s.Dir, "session_*"))
			return len(files)
		}
		return p
	}
	scsOf := func(change func(*scs.SessionManager)) oldProgram {
		m := scs.New()
		m.Store = memstore.NewWithCleanupInterval(0)
		m.Lifetime = 24 * time.Hour
		change(m)
		records := func() int {
			var all map[string][]byte
			var err error
			switch store := m.Store.(type) {
			case scs.IterableCtxStore:
				all, err = store.AllCtx(t.Context())
			case scs.IterableStore:
				all, err = store.All()
			}
			if err != nil {
				t.Error(err)
			}
			return len(all)
		}
		source := legacy.SCS{Name: m.Cookie.Name, Store: m.Store.(legacy.SCSStore), HashTokenInStore: m.HashTokenInStore, Until: untilEnd}
		return oldProgram{Handler: old.SCS(m), cookie: m.Cookie.Name, source: source, records: records}
	}
	codec := securecookie.New(hash, block)
	codec.SetSerializer(securecookie.JSONEncoder{})
	flask := func(config map[string]any, query string) oldProgram {
		h := startFlask(t, config)
		return oldProgram{Handler: withQuery(h, query), cookie: "session",
			source: legacy.Flask{Keys: [][]byte{[]byte("new secret"), []byte("old secret")}, Until: untilEnd}}
	}
	rotated := sessions.NewCookieStore(older)
	sqlite, err := old.SQLite(filepath.Join(t.TempDir(), "sessions.db"))
	if err != nil {
		t.Fatal(err)
	}
	all := serverPrograms(t)
	maps.Copy(all, map[string]oldProgram{
		"gorilla signed":     gorilla(sessions.NewCookieStore(hash), legacy.Gorilla{Keys: [][]byte{hash}}),
		"gorilla encrypted":  gorilla(sessions.NewCookieStore(hash, block), legacy.Gorilla{Keys: [][]byte{hash, block}}),
		"gorilla rotated":    gorilla(rotated, legacy.Gorilla{Keys: [][]byte{hash, block, older}}),
		"gorilla nil block":  gorilla(rotated, legacy.Gorilla{Keys: [][]byte{hash, nil, older, nil}}),
		"gorilla files":      file(legacy.Gorilla{Keys: [][]byte{hash}}),
		"gorilla files, enc": file(legacy.Gorilla{Keys: [][]byte{hash, block}}),
		"securecookie JSON": {Handler: jsonProgram("json", codec), cookie: "json",
			source: legacy.Gorilla{Name: "json", Keys: [][]byte{hash, block}, JSON: true, Until: untilEnd}},
		"gin": {Handler: old.Gin("gin", gincookie.NewStore(hash, block)), cookie: "gin",
			source: legacy.Gorilla{Name: "gin", Keys: [][]byte{hash, block}, Until: untilEnd}},
		"echo": {Handler: old.Echo("echo", sessions.NewCookieStore(hash, block)), cookie: "echo",
			source: legacy.Gorilla{Name: "echo", Keys: [][]byte{hash, block}, Until: untilEnd}},
		"scs":              scsOf(func(m *scs.SessionManager) {}),
		"scs hashed":       scsOf(func(m *scs.SessionManager) { m.HashTokenInStore = true; m.Cookie.Name = "scs" }),
		"scs SQLite":       scsOf(func(m *scs.SessionManager) { m.Store = sqlite }),
		"scs Redis":        scsOf(func(m *scs.SessionManager) { m.Store, m.HashTokenInStore = old.Redis(startRedis(t)), true }),
		"flask":            flask(map[string]any{"SECRET_KEY": "new secret"}, ""),
		"flask compressed": flask(map[string]any{"SECRET_KEY": "new secret"}, "&large&permanent"),
		"flask older key":  flask(map[string]any{"SECRET_KEY": "old secret"}, "&permanent"),
	})
	return all
}

func withQuery(h http.Handler, query string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.RawQuery += query
		h.ServeHTTP(w, r)
	})
}

// startFlask starts a Flask program with a configuration. It needs Debian's python3-flask.
func startFlask(t *testing.T, config map[string]any) http.Handler {
	t.Helper()
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	site, _ := startSite(t, string(text)+"\n", "/usr/bin/python3", "app.py")
	return site
}
