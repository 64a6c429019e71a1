package frameworks

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/gofiber/fiber/v3"
	echo4 "github.com/labstack/echo/v4"
	"github.com/labstack/echo/v5"

	"github.com/sessiongen/sessiongen/integration/frameworks/check"
	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/echo5session"
	"github.com/sessiongen/sessiongen/runtime/echosession"
	"github.com/sessiongen/sessiongen/runtime/fibersession"
	"github.com/sessiongen/sessiongen/runtime/ginsession"
	"github.com/sessiongen/sessiongen/runtime/sessiontest"
)

// proof gives RequireProof the form that the adapters take.
type proof struct{ *check.SessionManager }

func (p proof) Handler(next http.Handler) http.Handler { return p.RequireProof(time.Minute, next) }

// shop is a site below a path whose payments need a proof: it has a log-in, pages and payments.
type shop struct {
	*check.SessionManager
	below string
	now   func() time.Time
}

// page answers every request except payments.
func (shop) page(ctx context.Context, path string) string {
	s := check.SessionFrom(ctx)
	if strings.HasSuffix(path, "login") {
		s.SetUserID(7)
	}
	return fmt.Sprint(s.GetUserID(), " ", s.DeviceBound())
}

// pay answers a payment. It says whether the device has proved its key for it.
func (p shop) pay(ctx context.Context, body []byte) string {
	s := check.SessionFrom(ctx)
	return fmt.Sprint(s.GetUserID(), " pays ", string(body), " ", p.now().Sub(s.ProvenAt()) <= time.Minute)
}

// shops serve a shop in every framework, and return its URL.
var shops = map[string]func(t *testing.T, s shop) string{
	"net/http": func(t *testing.T, s shop) string {
		mux := http.NewServeMux()
		mux.HandleFunc("/", s.servePage)
		mux.Handle("POST "+s.below+"/pay", s.RequireProof(time.Minute, http.HandlerFunc(s.servePay)))
		return string(serve(t, s.Handler(mux)).(check.HTTP))
	},
	"chi": func(t *testing.T, s shop) string {
		r := chi.NewRouter()
		r.Use(s.Handler)
		r.With(proof{s.SessionManager}.Handler).Post(s.below+"/pay", s.servePay)
		r.HandleFunc("/*", s.servePage)
		return string(serve(t, r).(check.HTTP))
	},
	"gin": func(t *testing.T, s shop) string {
		e := gin.New()
		e.Use(ginsession.Middleware(s))
		e.POST(s.below+"/pay", ginsession.Middleware(proof{s.SessionManager}), func(c *gin.Context) {
			body, _ := c.GetRawData()
			c.String(http.StatusOK, "%s", s.pay(c.Request.Context(), body))
		})
		e.NoRoute(func(c *gin.Context) { c.String(http.StatusOK, "%s", s.page(c.Request.Context(), c.Request.URL.Path)) })
		return string(serve(t, e).(check.HTTP))
	},
	"echo": func(t *testing.T, s shop) string {
		e := echo4.New()
		e.Use(echosession.Middleware(s))
		e.POST(s.below+"/pay", func(c echo4.Context) error {
			body, _ := io.ReadAll(c.Request().Body)
			return c.String(http.StatusOK, s.pay(c.Request().Context(), body))
		}, echosession.Middleware(proof{s.SessionManager}))
		e.GET("/*", func(c echo4.Context) error {
			return c.String(http.StatusOK, s.page(c.Request().Context(), c.Request().URL.Path))
		})
		return string(serve(t, e).(check.HTTP))
	},
	"echo5": func(t *testing.T, s shop) string {
		e := echo.New()
		e.Use(echo5session.Middleware(s))
		e.POST(s.below+"/pay", func(c *echo.Context) error {
			body, _ := io.ReadAll(c.Request().Body)
			return c.String(http.StatusOK, s.pay(c.Request().Context(), body))
		}, echo5session.Middleware(proof{s.SessionManager}))
		e.GET("/*", func(c *echo.Context) error {
			return c.String(http.StatusOK, s.page(c.Request().Context(), c.Request().URL.Path))
		})
		return string(serve(t, e).(check.HTTP))
	},
	"fiber": func(t *testing.T, s shop) string {
		app := fiber.New()
		app.Use(fibersession.Middleware(s))
		app.Post(s.below+"/pay", fibersession.Middleware(proof{s.SessionManager}), func(c fiber.Ctx) error {
			return c.SendString(s.pay(c.Context(), c.Body()))
		})
		app.Get("/*", func(c fiber.Ctx) error { return c.SendString(s.page(c.Context(), c.Path())) })
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go app.Listener(listener, fiber.ListenConfig{DisableStartupMessage: true})
		t.Cleanup(func() { _ = app.Shutdown() })
		return "http://" + listener.Addr().String()
	},
}

func (s shop) servePage(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, s.page(r.Context(), r.URL.Path))
}

func (s shop) servePay(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	_, _ = io.WriteString(w, s.pay(r.Context(), body))
}

// In every framework, behind a proxy that ends https, a device proves its key again for a payment, and the payment
// arrives with its body. The proxy may use another path for the site than the site itself.
func TestRequireProof(t *testing.T) {
	for name, start := range shops {
		for _, at := range []struct{ public, local, config string }{
			{"", "", ""},
			{"/shop", "/shop", "/shop"},
			{"/shop", "", "/shop"},
			{"/shop/", "", ""},
			{"/out/shop", "/shop", "/out/shop"},
		} {
			t.Run(fmt.Sprint(name, " at ", at.public, " is ", at.local, " with ", at.config), func(t *testing.T) {
				clock := sessiontest.NewClock(time.Now())
				cfg := runtime.Config{DeviceBound: 10 * time.Minute, Time: clock.Now, Path: at.config}
				if at.config != "" {
					cfg.Name = "__Secure-session"
				}
				var err error
				if cfg.Keys, err = runtime.ParseKeys(runtime.GenerateKey()); err != nil {
					t.Fatal(err)
				}
				sessions, err := check.NewSessionManager(cfg)
				if err != nil {
					t.Fatal(err)
				}
				visitRequiringProof(t, behindProxy(t, at.public, at.local, start(t, shop{sessions, at.local, clock.Now})), at.public, clock)
			})
		}
	}
}

// behindProxy serves a site with https, under another path.
func behindProxy(t *testing.T, public, local, site string) *httptest.Server {
	t.Helper()
	to, err := url.Parse(site)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Path = local + "/" + strings.TrimPrefix(strings.TrimPrefix(r.In.URL.Path, public), "/")
		if r.In.URL.Path == public && local != "" {
			r.Out.URL.Path = local
		}
		r.SetURL(to)
	}}
	base := strings.TrimSuffix(public, "/")
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != public && !strings.HasPrefix(r.URL.Path, base+"/") {
			http.NotFound(w, r) // as another site is there
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server
}

func visitRequiringProof(t *testing.T, server *httptest.Server, public string, clock *sessiontest.Clock) {
	t.Helper()
	client := server.Client()
	device := sessiontest.NewDevice(client)
	base := strings.TrimSuffix(public, "/")
	ask := func(method, path, body, want string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		got, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK || string(got) != want {
			t.Fatalf("%s %s: got %d %q, error %v, want %q", method, path, res.StatusCode, got, err, want)
		}
	}
	ask("POST", base+"/pay", "nothing", "0 pays nothing false")
	ask("GET", base+"/login", "", "7 false")
	ask("GET", public, "", "7 true")
	for i := range 2 {
		clock.Advance(2 * time.Minute)
		ask("POST", base+"/pay?a=b", fmt.Sprint(i), fmt.Sprint("7 pays ", i, " true"))
	}
	clock.Advance(10 * time.Minute)
	device.Expire()
	ask("GET", public, "", "7 true")
	ask("POST", base+"/pay", "soon", "7 pays soon true")
}
