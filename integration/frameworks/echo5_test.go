package frameworks

import (
	"errors"
	"log/slog"
	"net/http"
	"testing"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"

	"github.com/sessiongen/sessiongen/integration/frameworks/check"
	"github.com/sessiongen/sessiongen/runtime/echo5session"
)

func TestEcho5(t *testing.T) {
	check.Run(t, check.Framework{Name: "echo5", Start: startEcho5})
}

func startEcho5(t *testing.T, s check.Site) check.Client {
	e := echo.New()
	e.Logger = slog.New(slog.DiscardHandler)
	standard := echo.DefaultHTTPErrorHandler(false)
	e.HTTPErrorHandler = func(c *echo.Context, err error) {
		if r, _ := echo.UnwrapResponse(c.Response()); r != nil && r.Committed {
			return
		}
		var own echo.HTTPStatusCoder
		if errors.As(err, &own) || check.IsBug(err) || s.Scope != check.All {
			standard(c, err)
			return
		}
		status, body := check.HandleError(c.Request().Context(), err)
		_ = c.String(status, body)
	}
	e.Use(middleware.RequestLoggerWithConfig(middleware.RequestLoggerConfig{LogStatus: true, HandleError: true,
		LogValuesFunc: func(_ *echo.Context, v middleware.RequestLoggerValues) error {
			s.Log(v.Status)
			return nil
		}}))
	if s.Recover {
		e.Use(middleware.Recover())
	}
	sessions := echo5session.Middleware(s.Sessions)
	switch s.Scope {
	case check.All:
		e.Use(sessions)
	case check.Group:
		e.Group("/group", sessions).Any("/cart", echo5Answer)
	case check.Route:
		e.Any(check.GroupPath, echo5Answer, sessions)
	}
	for _, path := range check.Paths {
		e.Any(path, echo5Answer)
	}
	return serve(t, e)
}

func echo5Answer(c *echo.Context) error {
	a := check.Do(c.Request().Context(), c.Request().URL.Path, c.QueryParam("arg"))
	switch {
	case a.Err != nil:
		return a.Err
	case a.Location != "":
		return c.Redirect(a.Status, a.Location)
	case a.Chunks != nil:
		_, _ = c.Response().Write([]byte(a.Chunks[0]))
		c.Response().(http.Flusher).Flush()
		a.Between()
		_, err := c.Response().Write([]byte(a.Chunks[1]))
		return err
	case a.Status == 0:
		check.Echo(c.Response(), c.Request())
		return nil
	case a.Status >= 400:
		return echo.NewHTTPError(a.Status, "")
	case a.Body == "":
		return c.NoContent(a.Status)
	}
	return c.String(a.Status, a.Body)
}
