package main

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
)

//go:embed pages
var pageFiles embed.FS

// pages are the templates by name, each within the layout.
var pages = func() map[string]*template.Template {
	layout := template.Must(template.New("layout.html").Funcs(template.FuncMap{
		"price": func(cents int) string { return fmt.Sprintf("€\u00a0%d.%02d", cents/100, cents%100) },
	}).ParseFS(pageFiles, "pages/layout.html"))
	all := map[string]*template.Template{}
	for _, name := range []string{"shop", "cart", "account", "confirm", "password", "devices", "members", "problem"} {
		all[name] = template.Must(template.Must(layout.Clone()).ParseFS(pageFiles, "pages/"+name+".html"))
	}
	return all
}()

// view is what the layout shows, and in Data what the page itself does.
type view struct {
	Title   string
	Path    string
	Here    string // the address to come back to
	Mode    string
	User    string
	Role    string
	Theme   string
	Cart    int
	Notices []string
	Problem bool // the title says so: it is what a screen reader begins with
	Data    any
}

// render answers with a page. The notices that it shows are gone from the session.
func (a *app) render(w http.ResponseWriter, r *http.Request, status int, page, title string, data any) {
	u, err := a.user(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	sess := SessionFrom(r.Context())
	here := r.URL.Path
	if r.Method == http.MethodGet {
		here = r.URL.RequestURI()
	}
	write(w, status, page, view{
		Title: title, Path: r.URL.Path, Here: here, Mode: a.mode, User: u.Name, Role: sess.GetRole(), Theme: sess.GetTheme(),
		Cart: articles(sess.GetCart()), Notices: sess.TakeNotices(), Problem: status >= 400, Data: data,
	})
}

// problem answers with a page that needs no session.
func (a *app) problem(w http.ResponseWriter, status int, title, text string) {
	write(w, status, "problem", view{Title: title, Mode: a.mode, Problem: true, Data: text})
}

func write(w http.ResponseWriter, status int, page string, v view) {
	var body bytes.Buffer
	if err := pages[page].Execute(&body, v); err != nil {
		slog.Error("page failed", "page", page, "error", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(body.Bytes())
}
