package main

import (
	"net/http"
	"net/url"
	"time"

	sessionruntime "github.com/sessiongen/sessiongen/runtime"
)

// confirmTime is for how long a visitor is not asked for the password again.
const confirmTime = 10 * time.Minute

// confirmed keeps routes for visitors who have just given their password again. All others are asked for it,
// and come back.
func (a *app) confirmed(next http.Handler) http.Handler {
	recently := func(s *Session) bool { return !s.HasUserID() || s.ConfirmedWithin(confirmTime) }
	return sessionruntime.Require(recently, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seeOther(w, r, "/confirm?"+url.Values{"next": {r.URL.Path}}.Encode())
	}))(next)
}

// passwordPage is the form that asks for the password, and the one for another.
type passwordPage struct {
	Name, Next, Wrong string
}

func (a *app) confirmForm(w http.ResponseWriter, r *http.Request, u User) {
	if u.Hash == nil {
		notify(r, "Your account has no password: you sign in with another site.")
		seeOther(w, r, "/devices")
		return
	}
	a.render(w, r, http.StatusOK, "confirm", "Your password, please", passwordPage{Name: u.Name, Next: local(r.FormValue("next"))})
}

func (a *app) confirm(w http.ResponseWriter, r *http.Request, u User) {
	page := passwordPage{Name: u.Name, Next: local(r.PostFormValue("next"))}
	match, err := a.passwords.match(r.Context(), u.Hash, r.PostFormValue("password"))
	switch {
	case err != nil:
		a.fail(w, r, err)
	case !match:
		page.Wrong = "The password is wrong."
		a.render(w, r, http.StatusUnprocessableEntity, "confirm", "Your password, please", page)
	default:
		SessionFrom(r.Context()).ProveConfirmed()
		seeOther(w, r, page.Next)
	}
}

func (a *app) passwordForm(w http.ResponseWriter, r *http.Request, u User) {
	a.render(w, r, http.StatusOK, "password", "Change your password", passwordPage{Name: u.Name})
}

// changePassword also ends all other sessions: whoever has stolen one must not keep it.
func (a *app) changePassword(w http.ResponseWriter, r *http.Request, u User) {
	password := r.PostFormValue("password")
	if wrong := wrongPassword(password); wrong != "" {
		a.render(w, r, http.StatusUnprocessableEntity, "password", "Change your password", passwordPage{Name: u.Name, Wrong: wrong})
		return
	}
	hash, err := a.passwords.hash(r.Context(), password)
	if err == nil {
		err = a.users.SetHash(r.Context(), u.Name, hash)
	}
	if err == nil {
		err = a.sessions.RevokeOthers(r.Context(), SessionFrom(r.Context()))
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	notify(r, "Your password is changed. All other browsers are logged out.")
	seeOther(w, r, "/devices")
}
