// Login is a small shop with accounts, built on sessions: see README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/crypto/bcrypt"

	sessionruntime "github.com/sessiongen/sessiongen/runtime"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "`address` to listen on")
	mode := flag.String("mode", "cookie", "where sessions are kept: cookie, sqlite, postgres or redis")
	dsn := flag.String("dsn", "", "the `database` of that mode (default: for sqlite, a file of its own)")
	admin := flag.String("admin", "admin", "the `name` of the account that may change roles")
	bound := flag.Duration("device-bound", 0, "after how `long` a browser's device proves its key again, as 10m; needs https, from a proxy in front")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *addr, *mode, *dsn, *admin, *bound); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, addr, mode, dsn, admin string, bound time.Duration) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	defer listener.Close()

	keys, from, err := sessionKeys()
	if err != nil {
		return err
	}
	back, err := openBackend(ctx, mode, dsn)
	if err != nil {
		return fmt.Errorf("mode %s: %w", mode, err)
	}
	defer back.close()
	passwords, err := newPasswords(bcrypt.DefaultCost)
	if err != nil {
		return err
	}
	cfg := back.config
	cfg.Keys = keys
	cfg.IdleTimeout = 24 * time.Hour
	cfg.RefreshAfter = time.Minute // which is how exact "last seen" is
	cfg.AbsoluteTimeout = 30 * 24 * time.Hour
	// Browsers take the cookie that a real site has only over https. Elsewhere than on
	// this very machine, put a proxy in front that speaks it.
	cfg.Insecure = listener.Addr().(*net.TCPAddr).IP.IsLoopback() && bound == 0
	cfg.DeviceBound = bound

	base := "http://" + listener.Addr().String()
	if !cfg.Insecure {
		base = "https://" + os.Getenv("SITE_HOST") // as browsers know it, behind the proxy
	}
	provider, stopProvider, err := openProvider(ctx, base, cfg.Insecure)
	if err != nil {
		return fmt.Errorf("OpenID: %w", err)
	}
	defer stopProvider()
	handler, err := newApp(cfg, app{users: back.users, passwords: passwords, mode: mode, admin: admin, provider: provider})
	if err != nil {
		return err
	}
	log.Printf("mode %s (%s), keys %s, cookies for %s", mode, back.where, from,
		map[bool]string{true: "plain http", false: "https"}[cfg.Insecure])
	fmt.Printf("listening on http://%s\n", listener.Addr())

	server := &http.Server{Handler: handler, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute}
	drained := make(chan struct{})
	context.AfterFunc(ctx, func() {
		defer close(drained)
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		server.Shutdown(ctx)
	})
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	<-drained
	return nil
}

// sessionKeys returns the keys of the environment, or one for this run.
func sessionKeys() (keys sessionruntime.Keys, from string, err error) {
	if text := os.Getenv("SESSION_KEYS"); text != "" {
		keys, err = sessionruntime.ParseKeys(text)
		return keys, "from SESSION_KEYS", err
	}
	return sessionruntime.EphemeralKeys(), "of this run alone", nil
}
