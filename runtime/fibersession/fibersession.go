// Package fibersession is the session middleware for version 3 of fiber:
//
//	app := fiber.New()
//	app.Use(logger.New(), recover.New(), fibersession.Middleware(sessions))
//
// Handlers take the session from the request's context, SessionFrom(c.Context()), and not from the
// fiber.Ctx.
package fibersession

import (
	"net/http"
	"net/url"

	"github.com/gofiber/fiber/v3"
)

// Middleware returns a middleware that runs the Handler of sessions, such as a
// [github.com/sessiongen/sessiongen/runtime.Manager], around the handlers that come after it. It can
// be used for all routes, for a group or for one.
//
// Fiber sends a response after its handlers have returned, and the session is saved then: before the
// function of SendStreamWriter runs and before a WebSocket is open. If a handler returns an error,
// Middleware lets the app's error handler answer at once, which can still change the session, and
// returns nil. So register a middleware that handles or replaces errors after this one.
//
// The request that Config.ErrorHandler gets has no body.
func Middleware(sessions interface {
	Handler(http.Handler) http.Handler
}) fiber.Handler {
	return func(c fiber.Ctx) error {
		below := &writer{ctx: c, header: make(http.Header)}
		defer below.copyHeader() // also after a panic: a log-out counts
		sessions.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			below.next(r)
			w.WriteHeader(c.Response().StatusCode())
			if _, err := w.Write(nil); err != nil {
				below.replaceBody() // Handler has answered, with or without a body
			}
		})).ServeHTTP(below, request(c))
		return nil
	}
}

// next runs the handlers that come after, with the context of r, and answers their errors as fiber
// does.
func (w *writer) next(r *http.Request) {
	defer w.readHeader() // also after a panic: Handler adds to it
	w.ctx.SetContext(r.Context())
	err := w.ctx.Next()
	if err != nil && w.ctx.App().ErrorHandler(w.ctx, err) != nil {
		_ = w.ctx.SendStatus(fiber.StatusInternalServerError)
	}
}

// request returns the request in net/http's form. It copies all strings, because fasthttp reuses its
// memory.
func request(c fiber.Ctx) *http.Request {
	target := string(c.Request().RequestURI())
	u, err := url.ParseRequestURI(target)
	if err != nil {
		u = &url.URL{Path: string(c.Request().URI().Path())}
	}
	header := make(http.Header)
	for key, value := range c.Request().Header.All() {
		header.Add(string(key), string(value))
	}
	r := &http.Request{
		Method: string(c.Request().Header.Method()), URL: u, RequestURI: target,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Host: string(c.Request().Host()), Body: http.NoBody,
		RemoteAddr: c.RequestCtx().RemoteAddr().String(),
	}
	return r.WithContext(c.Context())
}
