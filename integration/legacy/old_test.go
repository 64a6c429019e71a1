package legacy

import (
	"bufio"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"
	ginsessions "github.com/gin-contrib/sessions"
	gincookie "github.com/gin-contrib/sessions/cookie"
	"github.com/gin-gonic/gin"
	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"
	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/legacy"
)

// An oldProgram is one that was moved: /login?id=N logs in, /whoami says who is logged in.
type oldProgram struct {
	http.Handler
	cookie string // its name
	source runtime.LegacySource

	records func() int // in its store; nil if it has none
}

// oldItem is what the old programs have in the cart. Package gob knows it by the name main.Item, which is
// none of this program's.
type oldItem struct {
	SKU string
	N   int
}

func init() {
	gob.RegisterName("main.Item", oldItem{})
	gob.RegisterName("[]main.Item", []oldItem{})
	gob.Register(map[string]string{})
	gob.Register([]string{})
	gob.Register([]any{})
	gob.Register(time.Time{})
	gin.SetMode(gin.ReleaseMode)
}

var (
	since    = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	hash     = []byte(strings.Repeat("h", 64))
	block    = []byte(strings.Repeat("b", 32))
	older    = []byte(strings.Repeat("o", 32))
	untilEnd = time.Now().Add(90 * 24 * time.Hour)
)

// contents are what every old program keeps of whoever logs in.
func contents(id int) map[string]any {
	return map[string]any{
		"user_id": id, "username": "hubo", "visits": int64(3), "admin": true, "score": 9.5, "since": since,
		"roles": []string{"editor", "author"}, "cart": []oldItem{{"A1", 2}, {"B2", 1}}, "prefs": map[string]string{"lang": "de"},
		"token": []byte("\x00\xffraw"), "_flash": []any{"welcome", "again"}, "theme": "dark",
	}
}

// check compares a session with contents.
func check(s *Session, id int) error {
	got := fmt.Sprintf("%v %v %v %v %v %v %q %+v %v %q %v", s.GetUserID(), s.GetName(), s.GetVisits(), s.GetAdmin(), s.GetScore(), s.GetSince().UTC(),
		s.GetRoles(), s.GetCart(), s.GetPrefs(), s.GetToken(), s.GetTheme())
	want := fmt.Sprintf("%v hubo 3 true 9.5 %v %q %+v map[lang:de] %q dark", id, since, []string{"editor", "author"}, []Item{{"A1", 2}, {"B2", 1}}, "\x00\xffraw")
	if got != want {
		return fmt.Errorf("the session has\n%s\nwant\n%s", got, want)
	}
	if notes := strings.Join(s.TakeNotes(), " "); notes != "welcome again" {
		return fmt.Errorf("flash messages %q", notes)
	}
	return nil
}

func gorillaProgram(name string, store sessions.Store) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/login", func(w http.ResponseWriter, r *http.Request) {
		s, _ := store.Get(r, name)
		id, _ := strconv.Atoi(r.FormValue("id"))
		for key, value := range contents(id) {
			s.Values[key] = value
		}
		if err := s.Save(r, w); err != nil {
			http.Error(w, err.Error(), 500)
		}
	})
	mux.HandleFunc("/whoami", func(w http.ResponseWriter, r *http.Request) {
		s, _ := store.Get(r, name)
		id, _ := s.Values["user_id"].(int)
		fmt.Fprint(w, id)
	})
	return mux
}

// jsonProgram keeps JSON in a cookie of securecookie.
func jsonProgram(name string, codec *securecookie.SecureCookie) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/login", func(w http.ResponseWriter, r *http.Request) {
		id, _ := strconv.Atoi(r.FormValue("id"))
		text, err := codec.Encode(name, contents(id))
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

func scsProgram(m *scs.SessionManager) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/login", func(w http.ResponseWriter, r *http.Request) {
		id, _ := strconv.Atoi(r.FormValue("id"))
		m.RenewToken(r.Context())
		for key, value := range contents(id) {
			m.Put(r.Context(), key, value)
		}
	})
	mux.HandleFunc("/whoami", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, m.GetInt(r.Context(), "user_id")) })
	return m.LoadAndSave(mux)
}

func ginProgram(name string, store ginsessions.Store) http.Handler {
	engine := gin.New()
	engine.Use(ginsessions.Sessions(name, store))
	engine.GET("/login", func(c *gin.Context) {
		s := ginsessions.Default(c)
		id, _ := strconv.Atoi(c.Query("id"))
		for key, value := range contents(id) {
			if key != "_flash" {
				s.Set(key, value)
			}
		}
		s.AddFlash("welcome")
		s.AddFlash("again")
		if err := s.Save(); err != nil {
			c.String(500, err.Error())
		}
	})
	engine.GET("/whoami", func(c *gin.Context) {
		id, _ := ginsessions.Default(c).Get("user_id").(int)
		c.String(200, "%d", id)
	})
	return engine
}

// oldPrograms are those of every library. Each call has stores of its own.
func oldPrograms(t *testing.T) map[string]oldProgram {
	gorilla := func(store sessions.Store, s legacy.Gorilla) oldProgram {
		s.Name, s.Until = "gorilla", untilEnd
		return oldProgram{Handler: gorillaProgram("gorilla", store), cookie: "gorilla", source: s}
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
		store := memstore.NewWithCleanupInterval(0)
		m.Store = store
		m.Lifetime = 24 * time.Hour
		change(m)
		records := func() int {
			all, _ := store.All()
			return len(all)
		}
		source := legacy.SCS{Name: m.Cookie.Name, Store: m.Store.(legacy.SCSStore), HashTokenInStore: m.HashTokenInStore, Until: untilEnd}
		return oldProgram{Handler: scsProgram(m), cookie: m.Cookie.Name, source: source, records: records}
	}
	codec := securecookie.New(hash, block)
	codec.SetSerializer(securecookie.JSONEncoder{})
	flask := func(config map[string]any, query string) oldProgram {
		h := startFlask(t, config)
		return oldProgram{Handler: withQuery(h, query), cookie: "session",
			source: legacy.Flask{Keys: [][]byte{[]byte("new secret"), []byte("old secret")}, Until: untilEnd}}
	}
	rotated := sessions.NewCookieStore(older)
	return map[string]oldProgram{
		"gorilla signed":     gorilla(sessions.NewCookieStore(hash), legacy.Gorilla{Keys: [][]byte{hash}}),
		"gorilla encrypted":  gorilla(sessions.NewCookieStore(hash, block), legacy.Gorilla{Keys: [][]byte{hash, block}}),
		"gorilla rotated":    gorilla(rotated, legacy.Gorilla{Keys: [][]byte{hash, block, older}}),
		"gorilla nil block":  gorilla(rotated, legacy.Gorilla{Keys: [][]byte{hash, nil, older, nil}}),
		"gorilla files":      file(legacy.Gorilla{Keys: [][]byte{hash}}),
		"gorilla files, enc": file(legacy.Gorilla{Keys: [][]byte{hash, block}}),
		"securecookie JSON": {Handler: jsonProgram("json", codec), cookie: "json",
			source: legacy.Gorilla{Name: "json", Keys: [][]byte{hash, block}, JSON: true, Until: untilEnd}},
		"gin": {Handler: ginProgram("gin", gincookie.NewStore(hash, block)), cookie: "gin",
			source: legacy.Gorilla{Name: "gin", Keys: [][]byte{hash, block}, Until: untilEnd}},
		"scs":              scsOf(func(m *scs.SessionManager) {}),
		"scs hashed":       scsOf(func(m *scs.SessionManager) { m.HashTokenInStore = true; m.Cookie.Name = "scs" }),
		"flask":            flask(map[string]any{"SECRET_KEY": "new secret"}, ""),
		"flask compressed": flask(map[string]any{"SECRET_KEY": "new secret"}, "&large&permanent"),
		"flask older key":  flask(map[string]any{"SECRET_KEY": "old secret"}, "&permanent"),
	}
}

func withQuery(h http.Handler, query string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.RawQuery += query
		h.ServeHTTP(w, r)
	})
}

// startFlask starts a Flask program with a configuration.
func startFlask(t *testing.T, config map[string]any) http.Handler {
	t.Helper()
	cmd := exec.Command("/usr/bin/python3", "app.py")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v: it takes Debian's python3-flask", err)
	}
	t.Cleanup(func() { in.Close(); cmd.Wait() })
	text, _ := json.Marshal(config)
	io.WriteString(in, string(text)+"\n")
	port, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal("Flask does not start:", err)
	}
	return httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: "127.0.0.1:" + strings.TrimSpace(port)})
}
