package page

import (
	"context"
	"html/template"
	"net/http"

	"github.com/sessiongen/sessiongen/runtime"
)

// What fragments of the docs use of the site that they belong to.

var (
	sessions, _ = NewSessionManager(runtime.Config{})
	handler     http.Handler
	page        template.Template
	messages    chan string
	userID      int64
	deviceID    string
	sku         int64
)

// User is an account.
type User struct {
	ID   int64
	Name string
}

func checkPassword(name, password string) (user User, ok bool) { return }

func validCode(user int64, code string) bool { return false }

func account(w http.ResponseWriter, r *http.Request) {}

func pay(w http.ResponseWriter, r *http.Request) {}

func report(ctx context.Context, user int64) {}

func handle(user int64, message []byte) {}

func newMyStore() runtime.Store { return nil }
