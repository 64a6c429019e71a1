package main

import "net/http"

// setTheme keeps light or dark, or forgets it, so that the system decides.
func (a *app) setTheme(w http.ResponseWriter, r *http.Request) {
	sess := SessionFrom(r.Context())
	switch theme := r.PostFormValue("theme"); theme {
	case "light", "dark":
		sess.SetTheme(theme)
	default:
		sess.ClearTheme()
	}
	seeOther(w, r, local(r.PostFormValue("next")))
}
