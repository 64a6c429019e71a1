package main

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	sessionruntime "github.com/sessiongen/sessiongen/runtime"
)

// device is one of the user's sessions.
type device struct {
	SessionEntry
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
		id := SessionFrom(r.Context()).ID()
		for entry, err := range a.sessions.ListByUserID(r.Context(), u.ID) {
			if err != nil {
				a.fail(w, r, err)
				return
			}
			page.Devices = append(page.Devices, device{entry, entry.ID() == id})
		}
		slices.SortFunc(page.Devices, func(a, b device) int {
			switch {
			case a.Current:
				return -1
			case b.Current:
				return 1
			}
			return b.LastSeen().Compare(a.LastSeen())
		})
	}
	a.render(w, r, http.StatusOK, "devices", "Your devices", page)
}

// logoutDevice ends one session, if it is the user's own.
func (a *app) logoutDevice(w http.ResponseWriter, r *http.Request, u User) {
	id, own := r.PostFormValue("id"), false
	for entry, err := range a.sessions.ListByUserID(r.Context(), u.ID) {
		if err != nil {
			a.fail(w, r, err)
			return
		}
		own = own || entry.ID() == id
	}
	if !own {
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

func (a *app) logoutOthers(w http.ResponseWriter, r *http.Request, u User) {
	switch err := a.sessions.RevokeOthers(r.Context(), SessionFrom(r.Context())); {
	case errors.Is(err, sessionruntime.ErrEnded): // by the first of two clicks, or from elsewhere
	case err != nil:
		a.fail(w, r, err)
		return
	default:
		notify(r, "All other browsers are logged out.")
	}
	seeOther(w, r, "/devices")
}

func (a *app) logoutEverywhere(w http.ResponseWriter, r *http.Request, u User) {
	if err := a.sessions.RevokeByUserID(r.Context(), u.ID); err != nil {
		a.fail(w, r, err)
		return
	}
	SessionFrom(r.Context()).LogOut()
	notify(r, "You are logged out everywhere.")
	seeOther(w, r, "/")
}

// A word that browsers of a kind, or for a system, send as part of their User-Agent. The first that is found
// counts: many say what others are called too.
type agentWord struct{ word, name string }

var (
	browserWords = []agentWord{
		{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"},
		{"CriOS/", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"},
	}
	systemWords = []agentWord{
		{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"}, {"CrOS", "ChromeOS"},
		{"Mac OS X", "macOS"}, {"Linux", "Linux"},
	}
)

// deviceName is what a browser is called in the list of devices, such as "Firefox on Windows".
func deviceName(agent string) string {
	find := func(words []agentWord, otherwise string) string {
		for _, w := range words {
			if strings.Contains(agent, w.word) {
				return w.name
			}
		}
		return otherwise
	}
	name := find(browserWords, "A browser")
	if system := find(systemWords, ""); system != "" {
		name += " on " + system
	}
	return name
}
