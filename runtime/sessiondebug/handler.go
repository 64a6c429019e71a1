package sessiondebug

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"net/http"

	"github.com/sessiongen/sessiongen/runtime/internal/portrait"
)

// Options say who gets the page besides a developer on the same machine. Whoever gets the page sees
// the values of the session, and those of the user's other sessions in the store.
//
// A client is on the same machine if its address is a loopback address and the Host is localhost, a
// name that ends in .localhost, or a loopback address. A request with a header field that proxies
// add is refused: Forwarded, X-Forwarded-For and all others with Forwarded in their name, Via,
// X-Real-IP, Cf-Connecting-IP, X-Envoy-External-Address and those that end in -Client-IP. A proxy on
// this machine that adds none of these and sends its own Host, as nginx does by default, looks like
// a client on this machine: do not mount the page behind one.
type Options struct {
	// Remote also answers clients on other machines, with any Host, and requests through a proxy.
	Remote bool

	// Secure also answers if the manager's Config.Insecure is not set, as on a public site.
	Secure bool
}

//go:embed page.html
var pageText string

//go:embed page.css
var css string

var page = template.Must(template.New("page").Parse(pageText))

// Handler returns a handler for GET and HEAD requests that shows the session. It must be below the
// Handler of a manager.
func Handler(o Options) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
			return
		}
		// A client that may not see the page learns nothing else.
		if cure := o.refuse(r); cure != "" {
			http.Error(w, "sessiondebug: "+cure, http.StatusForbidden)
			return
		}
		subject, ok := portrait.Of(r.Context())
		switch {
		case !ok:
			http.Error(w, "sessiondebug: there is no session here: mount this handler below Manager.Handler", http.StatusInternalServerError)
			return
		case !o.Secure && parse(subject.Cookie).Secure:
			http.Error(w, "sessiondebug: the page is for development: set Config.Insecure, or Options.Secure to show it all the same", http.StatusForbidden)
			return
		}
		var body bytes.Buffer
		if err := page.Execute(&body, newView(subject.Describe(), r)); err != nil {
			http.Error(w, fmt.Sprintf("sessiondebug: %v", err), http.StatusInternalServerError)
			return
		}
		setHeader(w.Header())
		w.Write(body.Bytes())
	})
}

// setHeader keeps the page out of caches, and out of reach of other sites.
func setHeader(h http.Header) {
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src "+cssHash+"; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
}
