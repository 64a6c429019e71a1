package main

import (
	"net/http"
	"slices"

	sessionruntime "github.com/sessiongen/sessiongen/runtime"
)

// device is one of the user's sessions.
type device struct {
	sessionruntime.SessionInfo
	Current bool // the one that asks
}

type devicesPage struct {
	Name    string
	Listed  bool // cookies are in browsers only, so that no list of them exists
	Devices []device
}

func (a *app) devices(w http.ResponseWriter, r *http.Request, u User) {
	page := devicesPage{Name: u.Name, Listed: a.mode != "cookie"}
	if page.Listed {
		infos, err := a.sessions.ListByPrincipal(r.Context(), u.ID)
		if err != nil {
			a.fail(w, r, err)
			return
		}
		id := SessionFrom(r.Context()).ID()
		for _, info := range infos {
			page.Devices = append(page.Devices, device{info, info.ID == id})
		}
		slices.SortStableFunc(page.Devices, func(a, b device) int {
			switch {
			case a.Current:
				return -1
			case b.Current:
				return 1
			}
			return 0
		})
	}
	a.render(w, r, http.StatusOK, "devices", "Your devices", page)
}

// logoutDevice ends one session, if it is the user's own.
func (a *app) logoutDevice(w http.ResponseWriter, r *http.Request, u User) {
	infos, err := a.sessions.ListByPrincipal(r.Context(), u.ID)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	id := r.PostFormValue("id")
	if !slices.ContainsFunc(infos, func(info sessionruntime.SessionInfo) bool { return info.ID == id }) {
		notify(r, "That browser was logged out already.")
		seeOther(w, r, "/devices")
		return
	}
	if err := a.sessions.RevokeID(r.Context(), id); err != nil {
		a.fail(w, r, err)
		return
	}
	notify(r, "The other browser is logged out.")
	seeOther(w, r, "/devices")
}

func (a *app) logoutEverywhere(w http.ResponseWriter, r *http.Request, u User) {
	if err := a.sessions.RevokePrincipal(r.Context(), u.ID); err != nil {
		a.fail(w, r, err)
		return
	}
	SessionFrom(r.Context()).Destroy()
	notify(r, "You are logged out everywhere.")
	seeOther(w, r, "/")
}
