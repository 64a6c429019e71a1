package frameworks

import (
	"errors"
	"net/http"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/sessiongen/sessiongen/integration/frameworks/check"
	"github.com/sessiongen/sessiongen/runtime/echosession"
)

func TestEcho(t *testing.T) {
	check.Run(t, check.Framework{Name: "echo", Start: startEcho})
}

func startEcho(t *testing.T, s check.Site) check.Client {
	e := echo.New()
	e.HTTPErrorHandler = func(err error, c echo.Context) {
		if c.Response().Committed {
			return
		}
		var own *echo.HTTPError
		switch {
		case errors.As(err, &own), s.Scope != check.All:
			e.DefaultHTTPErrorHandler(err, c)
		case check.IsBug(err):
			_ = c.String(http.StatusInternalServerError, err.Error())
		default:
			status, body := check.HandleError(c.Request().Context(), err)
			_ = c.String(status, body)
		}
	}
	e.Use(middleware.RequestLoggerWithConfig(middleware.RequestLoggerConfig{LogStatus: true, HandleError: true,
		LogValuesFunc: func(_ echo.Context, v middleware.RequestLoggerValues) error {
			s.Log(v.Status)
			return nil
		}}))
	if s.Recover {
		e.Use(middleware.RecoverWithConfig(middleware.RecoverConfig{
			LogErrorFunc: func(_ echo.Context, err error, _ []byte) error { return err }}))
	}
	sessions := echosession.Middleware(s.Sessions)
	switch s.Scope {
	case check.All:
		e.Use(sessions)
	case check.Group:
		e.Group("/group", sessions).Any("/cart", echoAnswer)
	case check.Route:
		e.Any(check.GroupPath, echoAnswer, sessions)
	}
	for _, path := range check.Paths {
		e.Any(path, echoAnswer)
	}
	return serve(t, e)
}

func echoAnswer(c echo.Context) error {
	a := check.Do(c.Request().Context(), c.Request().URL.Path, c.QueryParam("arg"))
	switch {
	case a.Err != nil:
		return a.Err
	case a.Location != "":
		return c.Redirect(a.Status, a.Location)
	case a.Chunks != nil:
		_, _ = c.Response().Write([]byte(a.Chunks[0]))
		c.Response().Flush()
		a.Between()
		_, err := c.Response().Write([]byte(a.Chunks[1]))
		return err
	case a.Status == 0:
		check.Echo(c.Response(), c.Request())
		return nil
	case a.Status >= 400:
		return echo.NewHTTPError(a.Status)
	case a.Body == "":
		return c.NoContent(a.Status)
	}
	return c.String(a.Status, a.Body)
}
