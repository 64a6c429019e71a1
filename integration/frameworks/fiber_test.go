package frameworks

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/fasthttp/websocket"
	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/logger"
	"github.com/gofiber/fiber/v3/middleware/recover"
	"github.com/valyala/fasthttp"

	"github.com/sessiongen/sessiongen/integration/frameworks/check"
	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/fibersession"
)

func TestFiber(t *testing.T) {
	check.Run(t, check.Framework{Name: "fiber", Start: startFiber,
		Hint:    "a *fiber.DefaultCtx does not have the session: pass the request's context, which is its Context()",
		Without: map[string]string{"panic": "it ends the process, with or without sessions"}})
}

func startFiber(t *testing.T, s check.Site) check.Client {
	app := fiber.New(fiber.Config{ErrorHandler: func(c fiber.Ctx, err error) error {
		var own *fiber.Error
		switch {
		case errors.As(err, &own), s.Scope != check.All:
			return fiber.DefaultErrorHandler(c, err)
		case check.IsBug(err):
			return c.Status(http.StatusInternalServerError).SendString(err.Error())
		}
		status, body := check.HandleError(c.Context(), err)
		return c.Status(status).SendString(body)
	}})
	app.Use(logger.New(logger.Config{Stream: io.Discard, LoggerFunc: func(c fiber.Ctx, _ *logger.Data, _ *logger.Config) error {
		s.Log(c.Response().StatusCode())
		return nil
	}}))
	if s.Recover {
		app.Use(recover.New())
	}
	sessions := fibersession.Middleware(s.Sessions)
	switch s.Scope {
	case check.All:
		app.Use(sessions)
	case check.Group:
		app.Group("/group", sessions).All("/cart", fiberAnswer)
	case check.Route:
		app.All(check.GroupPath, sessions, fiberAnswer)
	}
	for _, path := range check.Paths {
		app.All(path, fiberAnswer)
	}
	app.Get("/wrong", func(c fiber.Ctx) error {
		check.SessionFrom(c)
		return nil
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go app.Listener(listener, fiber.ListenConfig{DisableStartupMessage: true})
	t.Cleanup(func() { _ = app.Shutdown() })
	return check.HTTP("http://" + listener.Addr().String())
}

func fiberAnswer(c fiber.Ctx) error {
	a := check.Do(c.Context(), c.Path(), c.Query("arg"))
	switch {
	case a.Err != nil:
		return a.Err
	case a.Location != "":
		return c.Redirect().Status(a.Status).To(a.Location)
	case a.Chunks != nil:
		return c.SendStreamWriter(func(w *bufio.Writer) {
			_, _ = w.WriteString(a.Chunks[0])
			_ = w.Flush()
			a.Between()
			_, _ = w.WriteString(a.Chunks[1])
		})
	case a.Status == 0:
		return upgrader.Upgrade(c.RequestCtx(), func(conn *websocket.Conn) {
			kind, message, err := conn.ReadMessage()
			if err == nil {
				_ = conn.WriteMessage(kind, message)
			}
		})
	case a.Status >= 400:
		return fiber.NewError(a.Status)
	case a.Status == http.StatusNoContent:
		return c.SendStatus(a.Status)
	}
	return c.Status(a.Status).SendString(a.Body)
}

var upgrader = websocket.FastHTTPUpgrader{CheckOrigin: func(*fasthttp.RequestCtx) bool { return true }}

// Fasthttp reuses the memory of a request's strings. Sessions and events must not keep any of it.
func TestFiberStrings(t *testing.T) {
	keys, err := runtime.ParseKeys(runtime.GenerateKey())
	if err != nil {
		t.Fatal(err)
	}
	var events []runtime.Event
	sessions, err := check.NewSessionManager(runtime.Config{Keys: keys, Insecure: true, OnEvent: recordInto(&events)})
	if err != nil {
		t.Fatal(err)
	}
	app := fiber.New()
	app.Use(fibersession.Middleware(sessions))
	var kept []*check.Session
	app.Get("/name/:name", func(c fiber.Ctx) error {
		s := check.SessionFrom(c.Context())
		s.SetUsername(c.Params("name"))
		kept = append(kept, s)
		return c.SendString("ok")
	})
	const n = 20
	for i := range n {
		r := httptest.NewRequest("GET", fmt.Sprintf("/name/visitor-%02d", i), nil)
		r.Header.Set("Cookie", fmt.Sprintf("session=garbage-%02d", i))
		if res, err := app.Test(r); err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("got response %v, error %v", res, err)
		}
	}
	for i, s := range kept {
		if got, want := s.GetUsername(), fmt.Sprintf("visitor-%02d", i); got != want {
			t.Errorf("the session has %q, want %q", got, want)
		}
	}
	paths := map[string]bool{}
	for _, e := range events {
		paths[e.Path] = true
	}
	for i := range n {
		if path := fmt.Sprintf("/name/visitor-%02d", i); !paths[path] {
			t.Errorf("no event has the path %s", path)
		}
	}
}
