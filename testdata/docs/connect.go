package page

import "net/http"

// As a generated New...Handler function returns them.
var (
	servicePath    string
	serviceHandler http.Handler
)
