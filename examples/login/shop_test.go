package main

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"

	sessionruntime "github.com/sessiongen/sessiongen/runtime"
)

func TestCart(t *testing.T) {
	eachMode(t, func(t *testing.T, s site) {
		b := s.browser(t)
		if p := b.get("/cart"); !strings.Contains(p.html, "nothing in your cart") {
			t.Errorf("a new visitor's cart shows\n%s", p.html)
		}
		if b.cookie() != "" {
			t.Error("a look at the shop makes a session")
		}
		b.expect(b.post("/cart/add", "article", "4"), 200, "/", "", "Teapot is in your cart.")
		b.post("/cart/add", "article", "1")
		p := b.post("/cart/add", "article", "4")
		if p.cart != "3" {
			t.Errorf("after three additions the cart counts %s", p.cart)
		}
		p = b.get("/cart")
		for _, text := range []string{"2 ×</span> Teapot", "1 ×</span> Notebook", "€\u00a078.00", "€\u00a06.90", "€\u00a084.90"} {
			if !strings.Contains(p.html, text) {
				t.Errorf("the cart does not show %s:\n%s", text, p.html)
			}
		}
		// The log-in keeps it.
		if p := b.signup("hubo"); p.cart != "3" {
			t.Errorf("after the sign-up the cart counts %s", p.cart)
		}
		p = b.post("/cart/remove", "article", "4")
		b.expect(p, 200, "/cart", "hubo", "Teapot is out of your cart.")
		if p.cart != "1" || strings.Contains(p.html, "Teapot</th>") {
			t.Errorf("after the removal the cart counts %s:\n%s", p.cart, p.html)
		}
		b.post("/cart/remove", "article", "4") // as with the back button
		if p := b.post("/logout"); p.cart != "0" {
			t.Errorf("after the log-out the cart counts %s", p.cart)
		}
	})
}

func TestCartIsBounded(t *testing.T) {
	eachMode(t, func(t *testing.T, s site) {
		b := s.browser(t)
		for _, a := range catalogue {
			for range maxQuantity {
				b.post("/cart/add", "article", strconv.Itoa(a.ID))
			}
		}
		p := b.post("/cart/add", "article", "1")
		b.expect(p, 200, "/", "", "We sell no more than 9 of one article.")
		if want := strconv.Itoa(maxQuantity * len(catalogue)); p.cart != want {
			t.Errorf("the cart counts %s, want %s", p.cart, want)
		}
	})
}

// meanwhileStore lets something happen once, before a record is replaced.
type meanwhileStore struct {
	sessionruntime.Store
	do *func()
}

func (s meanwhileStore) Replace(ctx context.Context, key string, version uint64, r sessionruntime.Record) error {
	if do := *s.do; do != nil {
		*s.do = nil
		do()
	}
	return s.Store.Replace(ctx, key, version, r)
}

// A visitor whose request loses to another one of the same browser is told what happened.
func TestCartIsBoundedMeanwhile(t *testing.T) {
	var do func()
	s := newSite(t, "sqlite", func(cfg *sessionruntime.Config) { cfg.Store = meanwhileStore{cfg.Store, &do} })
	b := s.browser(t)
	for range maxQuantity - 1 {
		b.post("/cart/add", "article", "1")
	}
	do = func() {
		other := *b.client
		browser{t: b.t, url: b.url, client: &other}.post("/cart/add", "article", "1")
	}
	p := b.post("/cart/add", "article", "1")
	b.expect(p, 200, "/", "", "We sell no more than 9 of one article.")
	if p.cart != "9" {
		t.Errorf("the cart counts %s, want 9", p.cart)
	}
}

func TestCartRefuses(t *testing.T) {
	eachMode(t, func(t *testing.T, s site) {
		b := s.browser(t)
		for _, path := range []string{"/cart/add", "/cart/remove"} {
			for _, id := range []string{"", "0", "7", "-1", "x", "99999999999999999999"} {
				b.expect(b.post(path, "article", id), http.StatusNotFound, path, "", "")
			}
		}
		if b.cookie() != "" {
			t.Error("the refused request makes a session")
		}
	})
}

// Messages are shown once, in the order of events.
func TestNotices(t *testing.T) {
	eachMode(t, func(t *testing.T, s site) {
		b := s.browser(t)
		b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		for _, id := range []string{"1", "2", "3", "4"} {
			if p := b.post("/cart/add", "article", id); p.status != http.StatusSeeOther {
				t.Fatalf("got status %d, want a redirect", p.status)
			}
		}
		b.expect(b.get("/"), 200, "/", "", "Fountain pen is in your cart. Blue ink is in your cart. Teapot is in your cart.")
		b.expect(b.get("/"), 200, "/", "", "")
	})
}
