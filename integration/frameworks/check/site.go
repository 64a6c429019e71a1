package check

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// An Answer is a route's response, for any framework.
type Answer struct {
	Status   int
	Body     string
	Location string // of a redirect
	Err      error  // for the framework's error handler

	// Chunks are streamed in place of Body. Between runs after the first one is sent.
	Chunks  []string
	Between func()
}

// Paths are the routes that Do knows; GroupPath is one more, in a group.
var Paths = []string{"/untouched", "/login", "/logout", "/whoami", "/flash", "/notice", "/toast", "/toasts",
	"/toastsgo", "/toastsfail", "/cart", "/state",
	"/callback", "/flow", "/back", "/remember", "/error", "/denied", "/panic", "/panicout", "/nocontent", "/stream", "/large",
	"/late", "/websocket"}

const GroupPath = "/group/cart"

// Do runs a route of the site: each framework's handler calls it with the context of the request.
func Do(ctx context.Context, path, arg string) Answer {
	path = path[strings.LastIndexByte(path, '/')+1:]
	if path == "untouched" {
		return text("plain")
	}
	s := SessionFrom(ctx)
	switch path {
	case "login":
		s.SetUserID(int64(len(arg)))
		s.SetUsername(arg)
		s.Authenticate()
		return text("hello " + arg)
	case "logout":
		s.Destroy()
		return text("bye")
	case "whoami":
		return text(s.GetUsername())
	case "flash":
		s.SetNotice(arg)
		return Answer{Status: http.StatusSeeOther, Location: "/notice"}
	case "notice":
		notice, _ := s.PopNotice()
		return text(notice)
	case "toast":
		s.AddToasts(arg)
		return text("added")
	case "toasts":
		return text(strings.Join(s.TakeToasts(), ","))
	case "toastsgo":
		s.TakeToasts()
		return Answer{Status: http.StatusSeeOther, Location: "/toasts"}
	case "toastsfail":
		s.TakeToasts()
		return Answer{Status: http.StatusInternalServerError}
	case "cart":
		if arg != "" {
			s.AppendCart(arg)
		}
		return text(strings.Join(s.GetCart(), ","))
	case "state":
		s.SetOAuthState(arg)
		return text("begun")
	case "callback":
		state, ok := s.PopOAuthState()
		return text(fmt.Sprint(ok && state == arg))
	case "flow":
		return text(s.StartSignIn(signIn{Next: arg}))
	case "back":
		next, ok := s.TakeSignIn(arg)
		return text(fmt.Sprint(next.Next, " ", ok))
	case "remember":
		s.SetUsername(arg)
		s.SetPermanent(true)
		return text("for long")
	case "error":
		return Answer{Err: errors.New("no such thing")}
	case "denied":
		s.SetNotice("no entry")
		return Answer{Status: http.StatusForbidden}
	case "panic":
		s.SetUserID(99)
		panic("a bug")
	case "panicout":
		s.Destroy()
		panic("a bug")
	case "nocontent":
		s.AppendCart("nothing")
		return Answer{Status: http.StatusNoContent}
	case "stream":
		s.AppendCart("stream")
		return Answer{Status: http.StatusOK, Chunks: []string{"one ", "two"}, Between: func() {}}
	case "large":
		blob := make([]byte, 6000)
		_, _ = rand.Read(blob)
		s.SetBlob(blob)
		return text("secrets of the handler")
	case "late":
		s.AppendCart("early")
		return Answer{Status: http.StatusOK, Chunks: []string{"a", "b"}, Between: func() { s.AppendCart("late") }}
	case "websocket":
		s.AppendCart("websocket")
		return Answer{}
	}
	return Answer{Status: http.StatusNotFound}
}

// HandleError is for the framework's error handler: it may change the session, too.
func HandleError(ctx context.Context, err error) (status int, body string) {
	SessionFrom(ctx).SetNotice("try again")
	return http.StatusUnprocessableEntity, "handled: " + err.Error()
}

// IsBug reports whether an error comes from a panic: error handlers do not answer it like other errors.
func IsBug(err error) bool {
	return strings.Contains(err.Error(), "a bug") || strings.Contains(err.Error(), "session: ")
}

func text(body string) Answer { return Answer{Status: http.StatusOK, Body: body} }
