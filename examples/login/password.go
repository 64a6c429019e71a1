package main

import (
	"context"
	"runtime"

	"golang.org/x/crypto/bcrypt"
)

const (
	minPassword = 8
	maxPassword = 72 // bytes, which is all that bcrypt looks at
)

// wrongPassword says why a password cannot be chosen, or nothing.
func wrongPassword(password string) string {
	switch n := len(password); {
	case n < minPassword:
		return "A password has at least 8 characters."
	case n > maxPassword:
		return "A password has at most 72 characters, or fewer with accents and the like."
	}
	return ""
}

// passwords hashes and compares, a few at a time: a flood of log-ins must not take
// every processor away from the rest of the site.
type passwords struct {
	cost  int
	slots chan struct{}
	decoy []byte // a hash that no password has been chosen for
}

func newPasswords(cost int) (*passwords, error) {
	p := &passwords{cost: cost, slots: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))}
	var err error
	p.decoy, err = p.hash(context.Background(), "nobody's")
	return p, err
}

func (p *passwords) hash(ctx context.Context, password string) ([]byte, error) {
	if err := p.enter(ctx); err != nil {
		return nil, err
	}
	defer p.leave()
	return bcrypt.GenerateFromPassword([]byte(password), p.cost)
}

// match reports whether a password is that of a hash. Without a hash it is not, and
// takes as long to say so: otherwise the time would tell which names have an account.
func (p *passwords) match(ctx context.Context, hash []byte, password string) (bool, error) {
	if err := p.enter(ctx); err != nil {
		return false, err
	}
	defer p.leave()
	known := hash != nil
	if !known {
		hash = p.decoy
	}
	same := bcrypt.CompareHashAndPassword(hash, []byte(password)) == nil
	return same && known, nil
}

func (p *passwords) enter(ctx context.Context) error {
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *passwords) leave() { <-p.slots }
