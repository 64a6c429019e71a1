package main

import (
	"context"
	_ "embed"
	"errors"
	"log/slog"
	"net/http"

	sessionruntime "github.com/sessiongen/sessiongen/runtime"
)

//go:embed style.css
var style []byte

// app is the site.
type app struct {
	sessions  *SessionManager
	users     Users
	passwords *passwords
	mode      string
	admin     string    // the name of the account that may change roles
	provider  *provider // nil if there is none to sign in with
}

// newApp returns the handler of the whole site.
func newApp(cfg sessionruntime.Config, a app) (_ http.Handler, err error) {
	cfg.ErrorHandler = a.unsaved
	if a.sessions, err = NewSessionManager(cfg); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /style.css", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Header().Set("Cache-Control", "no-cache")
		w.Write(style)
	})
	mux.HandleFunc("GET /{$}", a.shop)
	mux.HandleFunc("GET /cart", a.cart)
	mux.HandleFunc("POST /cart/add", a.addToCart)
	mux.HandleFunc("POST /cart/remove", a.removeFromCart)
	mux.HandleFunc("GET /signup", a.signupForm)
	mux.HandleFunc("POST /signup", a.signup)
	mux.HandleFunc("GET /login", a.loginForm)
	mux.HandleFunc("POST /login", a.login)
	mux.HandleFunc("POST /logout", a.logout)
	mux.HandleFunc("GET /devices", a.private(a.devices))
	if a.mode != "cookie" {
		mux.HandleFunc("POST /devices/logout", a.private(a.logoutDevice))
	}
	mux.HandleFunc("POST /devices/logout-others", a.private(a.logoutOthers))
	mux.HandleFunc("POST /logout-everywhere", a.private(a.logoutEverywhere))
	mux.HandleFunc("GET /confirm", a.private(a.confirmForm))
	mux.HandleFunc("POST /confirm", a.private(a.confirm))
	mux.Handle("GET /password", a.confirmed(a.private(a.passwordForm)))
	mux.Handle("POST /password", a.confirmed(a.private(a.changePassword)))
	mux.Handle("GET /members", a.adminsOnly(a.private(a.membersForm)))
	mux.Handle("POST /members", a.adminsOnly(a.private(a.changeMember)))
	mux.HandleFunc("POST /theme", a.setTheme)
	origins := "'self'" // to which forms lead
	if a.provider != nil {
		origins += " " + a.provider.origin
		mux.HandleFunc("POST /openid/begin", a.beginSignIn)
		mux.HandleFunc("GET /openid/callback", a.finishSignIn)
	}
	mux.HandleFunc("/", a.notFound)

	// Only this site may send its forms. Together with SameSite cookies, that is all the
	// protection from cross-site request forgery that it needs.
	forms := http.NewCrossOriginProtection()
	forms.SetDenyHandler(http.HandlerFunc(a.crossOrigin))
	return secure(origins, http.MaxBytesHandler(a.sessions.Handler(forms.Handler(mux)), 16<<10)), nil
}

// secure sets the headers of every response. Pages show whose they are, so no cache
// keeps them, not even the browser's for its back button after a log-out.
func secure(formOrigins string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy",
			"default-src 'none'; style-src 'self'; form-action "+formOrigins+"; base-uri 'none'; frame-ancestors 'none'")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}

// user returns the account of the visitor, or an empty one. It ends a session whose
// account no longer exists.
func (a *app) user(r *http.Request) (User, error) {
	sess := SessionFrom(r.Context())
	if !sess.HasUserID() {
		return User{}, nil
	}
	u, err := a.users.Find(r.Context(), sess.GetUsername())
	switch {
	case errors.Is(err, errNoUser) || err == nil && u.ID != sess.GetUserID():
		sess.Destroy()
		return User{}, nil
	case err != nil:
		return User{}, err
	}
	return u, nil
}

// private keeps visitors out who are not logged in, and lets them come back once
// they are.
func (a *app) private(next func(http.ResponseWriter, *http.Request, User)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		u, err := a.user(r)
		switch {
		case err != nil:
			a.fail(w, r, err)
		case u.ID == "":
			back := "/"
			if r.Method == http.MethodGet {
				back = r.URL.RequestURI()
			}
			notify(r, "Please log in first.")
			seeOther(w, r, loginPath(back))
		default:
			next(w, r, u)
		}
	}
}

// notify has a text shown on the next page.
func notify(r *http.Request, text string) { SessionFrom(r.Context()).AddNotices(text) }

// seeOther ends a form: the browser shows the other page, and its reload button does
// not send the form again.
func seeOther(w http.ResponseWriter, r *http.Request, path string) {
	http.Redirect(w, r, path, http.StatusSeeOther)
}

func (a *app) notFound(w http.ResponseWriter, r *http.Request) {
	a.render(w, r, http.StatusNotFound, "problem", "There is no such page", "The address may be misspelt.")
}

func (a *app) crossOrigin(w http.ResponseWriter, r *http.Request) {
	a.problem(w, http.StatusForbidden, "This form came from another site", "Please use the forms of this site.")
}

// fail answers a request that could not be served.
func (a *app) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return // nobody waits for the answer
	}
	slog.ErrorContext(r.Context(), "request failed", "path", r.URL.Path, "error", err)
	a.problem(w, http.StatusServiceUnavailable, "This does not work right now", "Please try again in a moment.")
}

// unsaved answers a request whose session could not be loaded or saved.
func (a *app) unsaved(w http.ResponseWriter, r *http.Request, err error) { a.fail(w, r, err) }
