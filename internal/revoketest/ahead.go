package revoketest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// shortLife is how long sessions in Ahead last. They have expired for a clock that is further ahead.
const shortLife = 30 * time.Minute

// Ahead runs two nodes, the second with a clock that is ahead. It returns what the second node takes from the first by
// actions outside of requests: purging the store, and listing, revoking and changing others' sessions. The name is the
// cookie's.
func Ahead(first, second runtime.Store, name string, revocations bool, ahead time.Duration, purge func() error) error {
	fields := newFields(withPrincipal)
	here := &aheadNode{fields, newAhead(first, name, revocations, 0, fields)}
	there := &aheadNode{fields, newAhead(second, name, revocations, ahead, fields)}
	ctx := context.Background()

	lives, nobodys := here.begin(1), here.begin(0)
	loggedOut, revoked, revokedID := here.begin(1), here.begin(2), here.begin(1)
	copied := loggedOut
	moved := here.begin(1)
	old := moved
	here.use(&moved, func(s *session) { s.Renew() })
	here.use(&loggedOut, func(s *session) { s.LogOut() })
	var id string
	here.use(&revokedID, func(s *session) { id = s.ID() })
	err := errors.Join(here.manager.RevokeID(ctx, id), runtime.RevokeBy(ctx, here.manager, &fields.account, 2))

	there.begin(3)
	if purge != nil {
		err = errors.Join(err, purge())
	}
	err = errors.Join(err, runtime.RevokeBy(ctx, there.manager, &fields.account, 3))
	if !revocations {
		for _, listErr := range runtime.ListBy(ctx, there.manager, &fields.account, 1, func(e runtime.Entry) runtime.Entry { return e }) {
			err = errors.Join(err, listErr)
		}
		_, updateErr := runtime.UpdateBy(ctx, there.manager, &fields.account, 1, func(s *session) { fields.code.Set(s.Session, "x") })
		err = errors.Join(err, updateErr)
	}
	if purge != nil {
		err = errors.Join(err, purge())
	}
	var wrong []string
	for what, c := range map[string]struct {
		cookie string
		lives  bool
	}{
		"somebody's": {lives, true}, "nobody's": {nobodys, true}, "one that has moved": {moved, true},
		"the id that it left": {old, false}, "one that was logged out": {copied, false},
		"one whose principal was revoked": {revoked, false}, "one whose id was revoked": {revokedID, false},
	} {
		if in := here.reads(c.cookie); in != c.lives {
			wrong = append(wrong, fmt.Sprintf("%s lives: %v, want %v", what, in, c.lives))
		}
		if !c.lives && there.reads(c.cookie) {
			wrong = append(wrong, what+" lives where the clock is ahead")
		}
	}
	if len(wrong) > 0 {
		err = errors.Join(err, errors.New(strings.Join(wrong, "; ")))
	}
	return err
}

type aheadNode struct {
	fields  *schemaFields
	manager *runtime.Manager[session]
}

func newAhead(store runtime.Store, name string, revocations bool, ahead time.Duration, fields *schemaFields) *runtime.Manager[session] {
	cfg := runtime.Config{
		Keys: ringBoth.keys(), Insecure: true, Name: name, Lifetime: shortLife, StoreTimeout: time.Minute, Store: store,
		Time:    func() time.Time { return time.Now().Add(ahead) },
		OnEvent: func(context.Context, runtime.Event) {},
	}
	if revocations {
		cfg.Store, cfg.Revocations = nil, store
	}
	m, err := runtime.NewManager(cfg, func(s runtime.Session) session { return session{s} }, fields.all()...)
	if err != nil {
		panic(err)
	}
	return m
}

// use makes a request with a cookie, and replaces it by the one in the response.
func (n *aheadNode) use(cookie *string, do func(*session)) {
	s := n.manager.Open(context.Background(), []string{*cookie})
	do(s)
	header, err := n.manager.Seal(s)
	if err != nil {
		panic(err)
	}
	for _, line := range header["Set-Cookie"] {
		*cookie, _, _ = strings.Cut(line, ";")
	}
}

// begin returns the cookie of a new session, of a principal if it is not 0.
func (n *aheadNode) begin(principal int64) (cookie string) {
	n.use(&cookie, func(s *session) {
		n.fields.tag.Set(s.Session, 1)
		if principal > 0 {
			n.fields.account.Set(s.Session, principal)
		}
	})
	return cookie
}

// reads reports whether a cookie leads to a session.
func (n *aheadNode) reads(cookie string) bool {
	return n.fields.tag.Has(n.manager.Open(context.Background(), []string{cookie}).Session)
}

// Aheads are clock differences that must harm nobody.
var Aheads = []time.Duration{0, time.Minute, 5 * time.Minute, 30 * time.Minute, time.Hour}
