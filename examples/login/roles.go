package main

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	sessionruntime "github.com/sessiongen/sessiongen/runtime"
)

// The roles of an account. Members pay less, administrators say who is one.
const (
	customer = ""
	member   = "member"
	admin    = "admin"
)

// adminsOnly keeps routes for administrators. For all others there is no such page.
func (a *app) adminsOnly(next http.Handler) http.Handler {
	isAdmin := func(s *Session) bool { return s.GetRole() == admin }
	return sessionruntime.Require(isAdmin, http.HandlerFunc(a.notFound))(next)
}

type membersPage struct{ Name, Wrong string }

func (a *app) membersForm(w http.ResponseWriter, r *http.Request, _ User) {
	a.render(w, r, http.StatusOK, "members", "Members", membersPage{})
}

// changeMember changes a role, in the account and in every session that is open.
func (a *app) changeMember(w http.ResponseWriter, r *http.Request, _ User) {
	page := membersPage{Name: strings.ToLower(strings.TrimSpace(r.PostFormValue("name")))}
	u, err := a.users.Find(r.Context(), page.Name)
	if errors.Is(err, errNoUser) || err == nil && u.Role == admin {
		page.Wrong = "There is no customer of this name."
		a.render(w, r, http.StatusUnprocessableEntity, "members", "Members", page)
		return
	}
	u.Role = customer
	text := u.Name + " is no member any more"
	if r.PostFormValue("role") == member {
		u.Role, text = member, u.Name+" is a member now"
	}
	if err == nil {
		err = a.users.SetRole(r.Context(), u.Name, u.Role)
	}
	if err == nil {
		err = a.tell(r, u)
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	notify(r, text+".")
	seeOther(w, r, "/members")
}

// tell brings the open sessions of a user up to date. The site cannot change those that are kept in
// browsers; it ends them, and the next log-in has the role.
func (a *app) tell(r *http.Request, u User) error {
	if a.mode == "cookie" {
		return a.sessions.RevokeByUserID(r.Context(), u.ID)
	}
	n, err := a.sessions.UpdateByUserID(r.Context(), u.ID, func(s *Session) { s.SetRole(u.Role) })
	if err != nil {
		return fmt.Errorf("after %d sessions: %w", n, err)
	}
	return nil
}
