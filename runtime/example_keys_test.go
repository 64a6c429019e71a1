package runtime_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"path/filepath"

	"github.com/sessiongen/sessiongen/internal/web"
	"github.com/sessiongen/sessiongen/runtime"
)

func ExampleReadKeys() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "keys")

	// A new key in front of the old one, each on a line.
	text := runtime.GenerateKey() + "\n" + runtime.GenerateKey() + "\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		log.Fatal(err)
	}
	keys, err := runtime.ReadKeys(path)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(keys)
	// Output: Keys(2, REDACTED)
}

// A rotation on one node: the new key comes to the front, and the old one goes when no session
// needs it any more.
func ExampleManager_SetKeys() {
	oldKey, newKey := runtime.GenerateKey(), runtime.GenerateKey()
	keys, err := runtime.ParseKeys(oldKey)
	if err != nil {
		log.Fatal(err)
	}
	sessions, err := web.NewSessionManager(runtime.Config{Keys: keys})
	if err != nil {
		log.Fatal(err)
	}
	server := newServer(sessions.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sess := web.SessionFrom(r.Context())
		sess.UpdateVisits(func(n int) int { return n + 1 })
		fmt.Fprintf(w, "visit %d", sess.GetVisits())
	})))
	defer server.Close()

	visitor := newVisitor(server)
	fmt.Println(visitor.get("/"))
	for _, text := range []string{newKey + "," + oldKey, newKey} {
		keys, err := runtime.ParseKeys(text)
		if err != nil {
			log.Fatal(err)
		}
		if err := sessions.SetKeys(keys); err != nil {
			log.Fatal(err)
		}
		fmt.Println(keys, visitor.get("/"))
	}
	// Output:
	// visit 1
	// Keys(2, REDACTED) visit 2
	// Keys(1, REDACTED) visit 3
}

// WatchKeys takes over what changes in a file of keys. A program runs it in a goroutine of
// its own.
func ExampleManager_WatchKeys() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "keys")

	oldKey, newKey := runtime.GenerateKey(), runtime.GenerateKey()
	if err := os.WriteFile(path, []byte(oldKey), 0o600); err != nil {
		log.Fatal(err)
	}
	keys, err := runtime.ReadKeys(path)
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	sessions, err := web.NewSessionManager(runtime.Config{
		Keys: keys,
		OnEvent: func(_ context.Context, e runtime.Event) {
			fmt.Println(e.Kind, e.Reason)
			stop() // in a program, it goes on
		},
	})
	if err != nil {
		log.Fatal(err)
	}

	if err := os.WriteFile(path, []byte(newKey+"\n"+oldKey), 0o600); err != nil {
		log.Fatal(err)
	}
	sessions.WatchKeys(ctx, path)
	// Output: keys read replaced
}
