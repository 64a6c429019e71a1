// Package ginsession is the session middleware for gin:
//
//	router := gin.New()
//	router.Use(gin.Logger(), gin.Recovery(), ginsession.Middleware(sessions))
//
// Handlers take the session from the request's context, SessionFrom(c.Request.Context()), and not
// from the *gin.Context.
package ginsession

import (
	"bufio"
	"io"
	"net"
	"net/http"

	"github.com/gin-gonic/gin"
)

// Middleware returns a middleware that runs the Handler of sessions, such as a
// [github.com/sessiongen/sessiongen/runtime.Manager], around the handlers that come after it. It can
// be used for all routes, for a group or for one.
//
// The session is saved before the first byte of the response. A middleware before this one that
// writes after c.Next has returned is too late to change the session. So register a middleware that
// answers errors after this one.
func Middleware(sessions interface {
	Handler(http.Handler) http.Handler
}) gin.HandlerFunc {
	return func(c *gin.Context) {
		below, next := c.Writer, false
		sessions.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next = true
			c.Request = r
			c.Writer = &writer{below, w}
			defer func() { c.Writer = below }()
			c.Next()
			if !below.Written() {
				w.WriteHeader(below.Status()) // gin sends it later
			}
		})).ServeHTTP(below, c.Request)
		if !next { // Handler has answered, and gin would run the next handlers
			c.Abort()
			below.WriteHeaderNow()
		}
	}
}

// writer is a gin.ResponseWriter on top of Handler's, which is on top of gin's own. It asks gin's
// for the status.
type writer struct {
	gin.ResponseWriter
	above http.ResponseWriter
}

// WriteHeaderNow begins the response with the noted status, or with Handler's own answer.
func (w *writer) WriteHeaderNow() {
	if !w.Written() {
		w.above.WriteHeader(w.Status())
		w.ResponseWriter.WriteHeaderNow()
	}
}

func (w *writer) Write(b []byte) (int, error) {
	w.WriteHeaderNow()
	return w.above.Write(b)
}

func (w *writer) WriteString(s string) (int, error) {
	w.WriteHeaderNow()
	return io.WriteString(w.above, s)
}

func (w *writer) Flush() {
	w.WriteHeaderNow()
	if f, ok := w.above.(http.Flusher); ok {
		f.Flush()
	}
}

func (w *writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(w.above).Hijack()
}

// Unwrap is for http.ResponseController.
func (w *writer) Unwrap() http.ResponseWriter { return w.above }
