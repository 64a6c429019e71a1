// This program is one log-in with gin.
package main

import (
	"fmt"
	"log"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/ginsession"
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
	handler, err := newHandler()
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe("localhost:8080", handler))
}

func newHandler() (http.Handler, error) {
	sessions, err := NewSessionManager(runtime.Config{
		Keys:     runtime.EphemeralKeys(), // for a first run; see docs/keys.md
		Insecure: true,                    // plain http, on your own machine
	})
	if err != nil {
		return nil, err
	}
	router := gin.New()
	router.Use(gin.Logger(), gin.Recovery(), ginsession.Middleware(sessions))
	router.GET("/", func(c *gin.Context) {
		c.String(http.StatusOK, "%s", greet(SessionFrom(c.Request.Context())))
	})
	router.POST("/login", func(c *gin.Context) {
		SessionFrom(c.Request.Context()).SetUsername(c.PostForm("name"))
		c.Redirect(http.StatusSeeOther, "/")
	})
	router.POST("/logout", func(c *gin.Context) {
		SessionFrom(c.Request.Context()).Destroy()
		c.Redirect(http.StatusSeeOther, "/")
	})
	return router, nil
}
