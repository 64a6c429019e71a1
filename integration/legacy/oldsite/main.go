// Command oldsite is the old build of a site. Its first argument names the library, the second one the place of the
// sessions, unless they are in cookies.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/alexedwards/scs/v2"
	gincookie "github.com/gin-contrib/sessions/cookie"
	"github.com/gorilla/sessions"

	"github.com/sessiongen/sessiongen/integration/legacy/old"
)

func main() {
	site, err := newSite(os.Args[1], os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(old.Serve(site))
}

func newSite(library, place string) (http.Handler, error) {
	switch library {
	case "gorilla":
		return old.Gorilla("site", sessions.NewCookieStore(old.Hash, old.Block)), nil
	case "files":
		return old.Gorilla("site", sessions.NewFilesystemStore(place, old.Hash)), nil
	case "echo":
		return old.Echo("site", sessions.NewCookieStore(old.Hash, old.Block)), nil
	case "gin":
		return old.Gin("site", gincookie.NewStore(old.Hash, old.Block)), nil
	case "redistore":
		store, err := old.Redistore(place, old.Hash, old.Block)
		return old.Gorilla("site", store), err
	case "gin redis":
		store, err := old.GinRedis(place)
		return old.Gin("site", store), err
	case "redis", "sqlite":
		m := scs.New()
		m.Cookie.Name = "site"
		m.Store = old.Redis(place)
		if library == "redis" {
			return old.SCS(m), nil
		}
		var err error
		m.Store, err = old.SQLite(place)
		return old.SCS(m), err
	}
	return nil, fmt.Errorf("no library %s", library)
}
