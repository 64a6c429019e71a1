// Package old has the site in its old form, with each library: /login?id=N logs in, /whoami says who is logged in.
package old

import (
	"encoding/gob"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
	ginsessions "github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"
	"github.com/gorilla/sessions"
	"github.com/labstack/echo-contrib/session"
	"github.com/labstack/echo/v4"
)

// Item is an item in the cart. Package gob knows it as main.Item, a type that the new program does not have.
type Item struct {
	SKU string
	N   int
}

func init() {
	gob.RegisterName("main.Item", Item{})
	gob.RegisterName("[]main.Item", []Item{})
	gob.Register(map[string]string{})
	gob.Register([]string{})
	gob.Register([]any{})
	gob.Register(time.Time{})
	gin.SetMode(gin.ReleaseMode)
}

// The keys of the cookies.
var (
	Hash  = []byte(strings.Repeat("h", 64))
	Block = []byte(strings.Repeat("b", 32))
)

// Since is a time in the session.
var Since = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

// Contents are what the site stores for a visitor who logs in.
func Contents(id int) map[string]any {
	return map[string]any{
		"user_id": id, "username": "hubo", "visits": int64(3), "admin": true, "score": 9.5, "since": Since,
		"roles": []string{"editor", "author"}, "cart": []Item{{"A1", 2}, {"B2", 1}}, "prefs": map[string]string{"lang": "de"},
		"token": []byte("\x00\xffraw"), "_flash": []any{"welcome", "again"}, "theme": "dark",
	}
}

// Gorilla is the site with gorilla/sessions.
func Gorilla(name string, store sessions.Store) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/login", func(w http.ResponseWriter, r *http.Request) {
		s, _ := store.Get(r, name)
		fill(s, r.FormValue("id"))
		if err := s.Save(r, w); err != nil {
			http.Error(w, err.Error(), 500)
		}
	})
	mux.HandleFunc("/whoami", func(w http.ResponseWriter, r *http.Request) {
		s, _ := store.Get(r, name)
		fmt.Fprint(w, whole(s.Values["user_id"]))
	})
	return mux
}

// whole is the integer that a value is, which is a float64 after JSON.
func whole(value any) int {
	if f, ok := value.(float64); ok {
		return int(f)
	}
	n, _ := value.(int)
	return n
}

func fill(s *sessions.Session, text string) {
	id, _ := strconv.Atoi(text)
	for key, value := range Contents(id) {
		s.Values[key] = value
	}
}

// Echo is the site with echo-contrib/session.
func Echo(name string, store sessions.Store) http.Handler {
	e := echo.New()
	e.Use(session.Middleware(store))
	e.GET("/login", func(c echo.Context) error {
		s, err := session.Get(name, c)
		if err != nil {
			return err
		}
		fill(s, c.QueryParam("id"))
		return s.Save(c.Request(), c.Response())
	})
	e.GET("/whoami", func(c echo.Context) error {
		s, _ := session.Get(name, c)
		id, _ := s.Values["user_id"].(int)
		return c.String(200, strconv.Itoa(id))
	})
	return e
}

// SCS is the site with scs.
func SCS(m *scs.SessionManager) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/login", func(w http.ResponseWriter, r *http.Request) {
		id, _ := strconv.Atoi(r.FormValue("id"))
		m.RenewToken(r.Context())
		for key, value := range Contents(id) {
			m.Put(r.Context(), key, value)
		}
	})
	mux.HandleFunc("/whoami", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, m.GetInt(r.Context(), "user_id")) })
	return m.LoadAndSave(mux)
}

// Gin is the site with gin-contrib/sessions.
func Gin(name string, store ginsessions.Store) http.Handler {
	engine := gin.New()
	engine.Use(ginsessions.Sessions(name, store))
	engine.GET("/login", func(c *gin.Context) {
		s := ginsessions.Default(c)
		id, _ := strconv.Atoi(c.Query("id"))
		for key, value := range Contents(id) {
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
