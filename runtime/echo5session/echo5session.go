// Package echo5session is the session middleware for version 5 of echo; echosession is for version
// 4:
//
//	e := echo.New()
//	e.Use(middleware.RequestLogger(), middleware.Recover(), echo5session.Middleware(sessions))
//
// Handlers take the session from the request's context: SessionFrom(c.Request().Context()).
package echo5session

import (
	"net/http"

	"github.com/labstack/echo/v5"
)

// Middleware returns a middleware that runs the Handler of sessions, such as a
// [github.com/sessiongen/sessiongen/runtime.Manager], around the handlers that come after it. It can
// be used for all routes, for a group or for one.
//
// The session is saved before the first byte of the response. If a handler returns an error,
// Middleware lets echo's error handler answer at once, which can still change the session, and
// returns nil. So register a middleware that handles or replaces errors after this one.
func Middleware(sessions interface {
	Handler(http.Handler) http.Handler
}) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			below := c.Response()
			sessions.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				c.SetRequest(r)
				c.SetResponse(echo.NewResponse(w, c.Echo().Logger))
				defer c.SetResponse(below)
				if err := next(c); err != nil {
					c.Echo().HTTPErrorHandler(c, err)
				}
			})).ServeHTTP(below, c.Request())
			return nil
		}
	}
}
