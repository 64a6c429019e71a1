package bench

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-contrib/sessions"
	gincookie "github.com/gin-contrib/sessions/cookie"
	"github.com/gin-gonic/gin"
	"github.com/gofiber/fiber/v3"
	fibersessions "github.com/gofiber/fiber/v3/middleware/session"
	gorilla "github.com/gorilla/sessions"
	echosessions "github.com/labstack/echo-contrib/session"
	"github.com/labstack/echo/v4"
	"github.com/valyala/fasthttp"

	sessionruntime "github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/echosession"
	"github.com/sessiongen/sessiongen/runtime/fibersession"
	"github.com/sessiongen/sessiongen/runtime/ginsession"
)

// BenchmarkFrameworks measures the middleware through its adapters, beside the session packages
// that the frameworks have.
func BenchmarkFrameworks(b *testing.B) {
	for _, libraries := range [][]library{
		{ginSessiongen(), ginContrib()},
		{echoSessiongen(), echoContrib()},
	} {
		t := make(table)
		for range *rounds {
			t.measureAll(b, libraries)
		}
		t.print(cases, libraries)
	}
	sites := []fiberSite{
		fiberSessiongen("sessiongen, fiber", nil),
		fiberSessiongen("sessiongen, fiber, memory store", memoryStore()),
		fiberSession(),
	}
	var names []library
	for _, s := range sites {
		names = append(names, library{name: s.name})
	}
	t := make(table)
	for range *rounds {
		for _, c := range cases {
			for _, s := range sites {
				t.measure(b, c, s.name, s.request("/"+c))
			}
		}
	}
	t.print(cases, names)
}

// fresh gives each request a copy: gorilla/sessions, below the peers, keeps a session in the request
// that it belongs to.
func fresh(h http.Handler) http.Handler {
	return handle(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r.WithContext(context.Background())) })
}

// ginLibrary is an engine with a route for each case.
func ginLibrary(name string, middleware, fill, read, readAndWrite gin.HandlerFunc) library {
	gin.SetMode(gin.ReleaseMode)
	engine := func(h gin.HandlerFunc) http.Handler {
		e := gin.New()
		e.Use(middleware)
		e.GET("/", h)
		return fresh(e)
	}
	return library{name, engine(fill), engine(func(*gin.Context) {}), engine(read), engine(readAndWrite)}
}

func ginSessiongen() library {
	from := func(c *gin.Context) *Session { return SessionFrom(c.Request.Context()) }
	return ginLibrary("sessiongen, gin", ginsession.Middleware(newManager(nil)),
		func(c *gin.Context) { fillSession(from(c)) },
		func(c *gin.Context) { sink = from(c).GetUsername() },
		func(c *gin.Context) {
			s := from(c)
			sink = s.GetUsername()
			s.SetVisits(s.GetVisits() + 1)
		})
}

func ginContrib() library {
	return ginLibrary("gin-contrib/sessions", sessions.Sessions("session", gincookie.NewStore(random(64), random(32))),
		func(c *gin.Context) {
			s := sessions.Default(c)
			for _, v := range six() {
				s.Set(v.key, v.value)
			}
			must(0, s.Save())
		},
		func(c *gin.Context) { sink = sessions.Default(c).Get("username").(string) },
		func(c *gin.Context) {
			s := sessions.Default(c)
			sink = s.Get("username").(string)
			s.Set("visits", s.Get("visits").(int)+1)
			must(0, s.Save())
		})
}

func echoLibrary(name string, middleware echo.MiddlewareFunc, fill, read, readAndWrite echo.HandlerFunc) library {
	site := func(h echo.HandlerFunc) http.Handler {
		e := echo.New()
		e.Use(middleware)
		e.GET("/", h)
		return fresh(e)
	}
	return library{name, site(fill), site(func(echo.Context) error { return nil }), site(read), site(readAndWrite)}
}

func echoSessiongen() library {
	from := func(c echo.Context) *Session { return SessionFrom(c.Request().Context()) }
	return echoLibrary("sessiongen, echo", echosession.Middleware(newManager(nil)),
		func(c echo.Context) error {
			fillSession(from(c))
			return nil
		},
		func(c echo.Context) error {
			sink = from(c).GetUsername()
			return nil
		},
		func(c echo.Context) error {
			s := from(c)
			sink = s.GetUsername()
			s.SetVisits(s.GetVisits() + 1)
			return nil
		})
}

func echoContrib() library {
	get := func(c echo.Context) *gorilla.Session { return must(echosessions.Get("session", c)) }
	return echoLibrary("echo-contrib/session", echosessions.Middleware(gorilla.NewCookieStore(random(64), random(32))),
		func(c echo.Context) error {
			s := get(c)
			for _, v := range six() {
				s.Values[v.key] = v.value
			}
			return s.Save(c.Request(), c.Response())
		},
		func(c echo.Context) error {
			sink = get(c).Values["username"].(string)
			return nil
		},
		func(c echo.Context) error {
			s := get(c)
			sink = s.Values["username"].(string)
			s.Values["visits"] = s.Values["visits"].(int) + 1
			return s.Save(c.Request(), c.Response())
		})
}

// fiberSite is an app, whose handlers are fasthttp's, with a route for each case.
type fiberSite struct {
	name  string
	serve fasthttp.RequestHandler
}

func newFiberSite(name string, middleware, fill, read, readAndWrite fiber.Handler) fiberSite {
	app := fiber.New()
	app.Use(middleware)
	app.Get("/fill", fill)
	app.Get("/untouched", func(fiber.Ctx) error { return nil })
	app.Get("/read", read)
	app.Get("/read-change-save", readAndWrite)
	return fiberSite{name, app.Handler()}
}

func fiberSessiongen(name string, store sessionruntime.Store) fiberSite {
	from := func(c fiber.Ctx) *Session { return SessionFrom(c.Context()) }
	return newFiberSite(name, fibersession.Middleware(newManager(store)),
		func(c fiber.Ctx) error {
			fillSession(from(c))
			return nil
		},
		func(c fiber.Ctx) error {
			sink = from(c).GetUsername()
			return nil
		},
		func(c fiber.Ctx) error {
			s := from(c)
			sink = s.GetUsername()
			s.SetVisits(s.GetVisits() + 1)
			return nil
		})
}

func fiberSession() fiberSite {
	return newFiberSite("fiber's session, memory", fibersessions.New(),
		func(c fiber.Ctx) error {
			s := fibersessions.FromContext(c)
			for _, v := range six() {
				s.Set(v.key, v.value)
			}
			return nil
		},
		func(c fiber.Ctx) error {
			sink = fibersessions.FromContext(c).Get("username").(string)
			return nil
		},
		func(c fiber.Ctx) error {
			s := fibersessions.FromContext(c)
			sink = s.Get("username").(string)
			s.Set("visits", s.Get("visits").(int)+1)
			return nil
		})
}

// request returns a function that makes one request, of a browser whose session is filled.
func (s fiberSite) request(path string) func() {
	var r fasthttp.Request
	r.Header.SetMethod(fasthttp.MethodGet)
	r.Header.SetHost("example.org")
	r.SetRequestURI("/fill")
	var ctx fasthttp.RequestCtx
	ctx.Init(&r, nil, nil)
	s.serve(&ctx)
	filled := httptest.NewRecorder()
	for _, line := range ctx.Response.Header.PeekAll("Set-Cookie") {
		filled.Header().Add("Set-Cookie", string(line))
	}
	for _, c := range filled.Result().Cookies() {
		ctx.Request.Header.SetCookie(c.Name, c.Value)
	}
	ctx.Request.SetRequestURI(path)
	return func() {
		ctx.ResetUserValues()
		ctx.Response.Reset()
		s.serve(&ctx)
	}
}

// Each library must read what it filled: without that, the benchmark would measure errors.
func TestFrameworks(t *testing.T) {
	for _, l := range []library{ginSessiongen(), ginContrib(), echoSessiongen(), echoContrib()} {
		sink = ""
		request(l.read, cookie(l.fill))()
		request(l.readAndWrite, cookie(l.fill))()
		if sink != username {
			t.Errorf("%s reads %q, want %q", l.name, sink, username)
		}
	}
	for _, s := range []fiberSite{fiberSessiongen("sessiongen, fiber", nil), fiberSessiongen("memory store", memoryStore()), fiberSession()} {
		sink = ""
		s.request("/read-change-save")()
		if sink != username {
			t.Errorf("%s reads %q, want %q", s.name, sink, username)
		}
	}
}
