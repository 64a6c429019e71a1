package runtime

import "net/http"

// Require returns middleware that passes on requests whose session fulfils a condition. Handler
// otherwise answers the others: it may redirect to the log-in, or ask for a second factor. If it is
// nil, they get 403:
//
//	loggedIn := runtime.Require((*web.Session).HasUserID, http.RedirectHandler("/login", http.StatusSeeOther))
//	mux.Handle("/account/", loggedIn(account))
//
// Use it inside the manager's Handler.
func Require[S any](fulfils func(*S) bool, otherwise http.Handler) func(next http.Handler) http.Handler {
	if otherwise == nil {
		otherwise = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, http.StatusText(http.StatusForbidden), http.StatusForbidden)
		})
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if fulfils(FromContext[S](r.Context())) {
				next.ServeHTTP(w, r)
				return
			}
			otherwise.ServeHTTP(w, r)
		})
	}
}
