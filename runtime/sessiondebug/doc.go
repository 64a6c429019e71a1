// Package sessiondebug is a page for development that shows the session of the browser in front
// of it: its fields and how many bytes they take, its times and what ends it, the cookie and why a
// browser might refuse it, the user's other sessions, and what happened to sessions lately.
//
// Mount its handler below the manager's:
//
//	mux.Handle("GET /debug/session", sessiondebug.Handler(sessiondebug.Options{}))
//	http.ListenAndServe(addr, sessions.Handler(mux))
//
// It shows the session of the innermost manager. Looking at it does not change the session. Fields
// with the option secret are redacted, but everything else is shown. So the page answers a browser
// on the same machine only, and only if the manager's Config.Insecure is set: see [Options].
package sessiondebug
