package main

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

var nameFormat = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{1,31}$`)

// accountPage is the form for signing up and for logging in.
type accountPage struct {
	New      bool
	Name     string
	Next     string
	Provider string // that one may sign in with as well

	// The errors in the submitted form, under each field or above them all.
	Wrong, WrongName, WrongPassword string
}

func (p accountPage) Other() string {
	if p.New {
		return loginPath(p.Next)
	}
	return withNext("/signup", p.Next)
}

func loginPath(next string) string { return withNext("/login", next) }

func withNext(path, next string) string {
	if next == "/" {
		return path
	}
	return path + "?" + url.Values{"next": {next}}.Encode()
}

func (a *app) signupForm(w http.ResponseWriter, r *http.Request) {
	a.accountForm(w, r, http.StatusOK, accountPage{New: true, Next: local(r.FormValue("next"))})
}

func (a *app) loginForm(w http.ResponseWriter, r *http.Request) {
	a.accountForm(w, r, http.StatusOK, accountPage{Next: local(r.FormValue("next"))})
}

func (a *app) accountForm(w http.ResponseWriter, r *http.Request, status int, page accountPage) {
	if a.provider != nil {
		page.Provider = a.provider.name
	}
	title := "Log in"
	if page.New {
		title = "Sign up"
	}
	a.render(w, r, status, "account", title, page)
}

func (a *app) signup(w http.ResponseWriter, r *http.Request) {
	page, password := sent(r)
	page.New = true
	if !nameFormat.MatchString(page.Name) {
		page.WrongName = "A name has 2 to 32 letters from a to z, digits, - or _."
	}
	page.WrongPassword = wrongPassword(password)
	if page.WrongName+page.WrongPassword != "" {
		a.accountForm(w, r, http.StatusUnprocessableEntity, page)
		return
	}
	hash, err := a.passwords.hash(r.Context(), password)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	u := User{ID: rand.Text(), Name: page.Name, Hash: hash, Role: customer}
	if u.Name == a.admin {
		u.Role = admin
	}
	switch err := a.users.Add(r.Context(), u); {
	case errors.Is(err, errNameTaken):
		page.WrongName = "This name is taken."
		a.accountForm(w, r, http.StatusUnprocessableEntity, page)
	case err != nil:
		a.fail(w, r, err)
	default:
		enter(r, u)
		notify(r, "Welcome, "+u.Name+". Your account is ready.")
		seeOther(w, r, page.Next)
	}
}

func (a *app) login(w http.ResponseWriter, r *http.Request) {
	page, password := sent(r)
	u, err := a.users.Find(r.Context(), page.Name)
	if err != nil && !errors.Is(err, errNoUser) {
		a.fail(w, r, err)
		return
	}
	match, err := a.passwords.match(r.Context(), u.Hash, password)
	switch {
	case err != nil:
		a.fail(w, r, err)
	case !match:
		page.Wrong = "The name or the password is wrong."
		a.accountForm(w, r, http.StatusUnprocessableEntity, page)
	default:
		enter(r, u)
		notify(r, "Welcome back, "+u.Name+".")
		seeOther(w, r, page.Next)
	}
}

// sent reads the form, but not the answer that it may get.
func sent(r *http.Request) (page accountPage, password string) {
	return accountPage{
		Name: strings.ToLower(strings.TrimSpace(r.PostFormValue("name"))),
		Next: local(r.PostFormValue("next")),
	}, r.PostFormValue("password")
}

// enter logs a visitor in. The cart of one who was nobody before is kept; what was another user's is
// gone with the change of the principal.
func enter(r *http.Request, u User) {
	sess := SessionFrom(r.Context())
	sess.SetUserID(u.ID)
	sess.SetUsername(u.Name)
	sess.SetRole(u.Role)
	sess.SetDevice(deviceName(r.UserAgent()))
	sess.Authenticate() // also if it is the same user
	sess.SetPermanent(true)
}

func (a *app) logout(w http.ResponseWriter, r *http.Request) {
	SessionFrom(r.Context()).LogOut()
	notify(r, "You are logged out.")
	seeOther(w, r, "/")
}
