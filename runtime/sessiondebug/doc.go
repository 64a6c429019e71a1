// Package sessiondebug is a debug page for development. It shows the session of the browser that
// opens it: the fields and their sizes, the times and what ends the session, the cookie and why a
// browser might reject it, the user's other sessions, and recent events.
//
// Mount its handler below the manager's:
//
//	mux.Handle("GET /debug/session", sessiondebug.Handler(sessiondebug.Options{}))
//	http.ListenAndServe(addr, sessions.Handler(mux))
//
// The page shows the session of the innermost manager, and does not change it. Fields with the
// option secret are redacted, but everything else is shown. So the page answers only browsers on the
// same machine, and only if the manager's Config.Insecure is set: see [Options].
package sessiondebug
