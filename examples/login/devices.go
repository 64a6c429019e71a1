package main

import (
	"net/http"
	"time"
)

type device struct {
	Created, LastSeen time.Time
	Current           bool
}

type devicesPage struct {
	Name    string
	Listed  bool
	Devices []device
}

func (a *app) devices(w http.ResponseWriter, r *http.Request, u User) {
	a.render(w, r, http.StatusOK, "devices", "Your devices", devicesPage{Name: u.Name})
}

func (a *app) logoutEverywhere(w http.ResponseWriter, r *http.Request, u User) {
	SessionFrom(r.Context()).Destroy()
	notify(r, "You are logged out everywhere.")
	seeOther(w, r, "/")
}
