package frameworks

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/sessiongen/sessiongen/integration/frameworks/check"
	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/ginsession"
)

func TestGin(t *testing.T) {
	check.Run(t, check.Framework{Name: "gin", Start: startGin,
		Hint: "a *gin.Context does not have the session: pass the request's context, which is its Request.Context()"})
}

func startGin(t *testing.T, s check.Site) check.Client {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.Use(gin.LoggerWithConfig(gin.LoggerConfig{Output: io.Discard, Formatter: func(p gin.LogFormatterParams) string {
		s.Log(p.StatusCode)
		return ""
	}}))
	if s.Recover {
		e.Use(gin.CustomRecoveryWithWriter(io.Discard, func(c *gin.Context, err any) {
			c.String(http.StatusInternalServerError, "%v", err)
			c.Abort()
		}))
	}
	sessions := ginsession.Middleware(s.Sessions)
	switch s.Scope {
	case check.All:
		e.Use(sessions, ginErrors)
	case check.Group:
		e.Group("/group", sessions).Any("/cart", ginAnswer)
	case check.Route:
		e.Any(check.GroupPath, sessions, ginAnswer)
	}
	for _, path := range check.Paths {
		e.Any(path, ginAnswer)
	}
	e.Any("/wrong", func(c *gin.Context) { check.SessionFrom(c) })
	return serve(t, e)
}

func ginErrors(c *gin.Context) {
	c.Next()
	if err := c.Errors.Last(); err != nil {
		status, body := check.HandleError(c.Request.Context(), err.Err)
		c.String(status, "%s", body)
	}
}

func ginAnswer(c *gin.Context) {
	a := check.Do(c.Request.Context(), c.Request.URL.Path, c.Query("arg"))
	switch {
	case a.Err != nil:
		_ = c.Error(a.Err)
	case a.Location != "":
		c.Redirect(a.Status, a.Location)
	case a.Chunks != nil:
		next := 0
		c.Stream(func(w io.Writer) bool {
			if next == 1 {
				a.Between()
			}
			_, _ = io.WriteString(w, a.Chunks[next])
			next++
			return next < len(a.Chunks)
		})
	case a.Status == 0:
		check.Echo(c.Writer, c.Request)
	case a.Status >= 400:
		c.AbortWithStatus(a.Status)
	case a.Body == "":
		c.Status(a.Status)
	default:
		c.String(a.Status, "%s", a.Body)
	}
}

// The form that looks right to users of gin, but bypasses the writer of Handler: the program is told.
func TestGinWithoutAdapter(t *testing.T) {
	keys, err := runtime.ParseKeys(runtime.GenerateKey())
	if err != nil {
		t.Fatal(err)
	}
	var events []runtime.Event
	cfg := runtime.Config{Keys: keys, OnEvent: recordInto(&events)}
	sessions, err := check.NewSessionManager(cfg)
	if err != nil {
		t.Fatal(err)
	}
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.Use(func(c *gin.Context) {
		sessions.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			c.Request = r
			c.Next()
		})).ServeHTTP(c.Writer, c.Request)
	})
	e.GET("/cart", ginAnswer)
	w := httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequest("GET", "/cart?arg=pear", nil))
	const want = "the handler wrote past the response writer of Manager.Handler: with gin, use ginsession.Middleware"
	if last := events[len(events)-1]; last.Kind != runtime.EventTooLate || last.Reason != want {
		t.Error(fmt.Sprint(events))
	}
}
