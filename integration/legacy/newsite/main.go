// Command newsite is the new build of oldsite's site.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/redis/go-redis/v9"

	site "github.com/sessiongen/sessiongen/integration/legacy"
	"github.com/sessiongen/sessiongen/integration/legacy/old"
	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/legacy"
	"github.com/sessiongen/sessiongen/runtime/redisstore"
)

func main() {
	source, err := newSource(os.Args[1], os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	keys, err := runtime.ParseKeys(runtime.GenerateKey())
	if err != nil {
		log.Fatal(err)
	}
	sessions, err := site.NewSessionManager(runtime.Config{
		Keys:         keys,
		Store:        runtime.NewMemoryStore(1e5),
		StoreTimeout: time.Minute, // a busy machine is no failure
		Legacy:       []runtime.LegacySource{source},
		OnEvent: func(_ context.Context, e runtime.Event) {
			if e.Kind == runtime.EventStoreFailed || e.Kind == runtime.EventFieldDropped {
				log.Print(e)
			}
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/whoami", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, site.SessionFrom(r.Context()).GetUserID())
	})
	mux.HandleFunc("/logout", func(w http.ResponseWriter, r *http.Request) { site.SessionFrom(r.Context()).LogOut() })
	log.Fatal(old.Serve(sessions.Handler(mux)))
}

func newSource(library, place string) (runtime.LegacySource, error) {
	until := time.Now().Add(24 * time.Hour)
	switch library {
	case "gorilla", "echo", "gin":
		return legacy.Gorilla{Name: "site", Keys: [][]byte{old.Hash, old.Block}, Until: until}, nil
	case "files":
		return legacy.Gorilla{Name: "site", Keys: [][]byte{old.Hash}, Dir: place, Until: until}, nil
	case "redis":
		return legacy.SCS{Name: "site", Store: old.Redis(place), Until: until}, nil
	case "redistore", "gin redis":
		client := redis.NewClient(&redis.Options{Network: "unix", Addr: place})
		return legacy.Gorilla{Name: "site", Keys: [][]byte{old.Hash, old.Block}, Records: redisstore.OldRecords{Client: client, Prefix: "session_"},
			Plain: true, Until: until}, nil
	case "sqlite":
		store, err := old.SQLite(place)
		return legacy.SCS{Name: "site", Store: store, Until: until}, err
	case "flask":
		return legacy.Flask{Keys: [][]byte{[]byte("the secret of the site")}, Until: until}, nil
	}
	return nil, fmt.Errorf("no library %s", library)
}
