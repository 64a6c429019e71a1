// This program is one log-in with fiber.
package main

import (
	"fmt"
	"log"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/logger"
	"github.com/gofiber/fiber/v3/middleware/recover"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/fibersession"
)

//go:generate go tool sessiongen

// session is what the site remembers about a visitor.
type session struct {
	Username string `session:"username,max=64,principal"`
	Visits   int    `session:"visits"`
}

// greet counts a visit of somebody who has logged in.
func greet(sess *Session) string {
	if !sess.HasUsername() {
		return "Hello, stranger."
	}
	sess.UpdateVisits(func(n int) int { return n + 1 })
	return fmt.Sprintf("Hello, %s. Visit %d.", sess.GetUsername(), sess.GetVisits())
}

func main() {
	app, err := newApp()
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(app.Listen("localhost:8080"))
}

func newApp() (*fiber.App, error) {
	sessions, err := NewSessionManager(runtime.Config{
		Keys:     runtime.EphemeralKeys(), // for a first run; see docs/keys.md
		Insecure: true,                    // plain http, on your own machine
	})
	if err != nil {
		return nil, err
	}
	app := fiber.New()
	app.Use(logger.New(), recover.New(), fibersession.Middleware(sessions))
	app.Get("/", func(c fiber.Ctx) error {
		return c.SendString(greet(SessionFrom(c.Context())))
	})
	app.Post("/login", func(c fiber.Ctx) error {
		SessionFrom(c.Context()).SetUsername(c.FormValue("name"))
		return c.Redirect().Status(fiber.StatusSeeOther).To("/")
	})
	app.Post("/logout", func(c fiber.Ctx) error {
		SessionFrom(c.Context()).Destroy()
		return c.Redirect().Status(fiber.StatusSeeOther).To("/")
	})
	return app, nil
}
