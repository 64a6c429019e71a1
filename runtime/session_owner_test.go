package runtime_test

import (
	"cmp"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/internal/long"
	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/codec"
)

// The schema of these tests: an account, what is the visitor's, and what is the account's. An older build
// knows of no visitor's fields, nor of the notes, and has a field of its own.
var (
	ownedAccount = accountOf(0, true)
	ownedCart    = &runtime.Field[[]string]{Index: 1, Name: "Cart", Key: "cart", Visitor: true, Encode: encodeStrings, Decode: decodeStrings}
	ownedNote    = &runtime.Field[int]{Index: 2, Name: "Note", Key: "note", Encode: codec.EncodeInt[int], Decode: codec.DecodeInt[int]}
	ownedDraft   = &runtime.Field[int]{Index: 3, Name: "Draft", Key: "draft", Encode: codec.EncodeInt[int], Decode: codec.DecodeInt[int]}

	olderAccount = accountOf(0, true)
	olderCart    = &runtime.Field[[]string]{Index: 1, Name: "Cart", Key: "cart", Encode: encodeStrings, Decode: decodeStrings}
	olderTour    = &runtime.Field[int]{Index: 2, Name: "Tour", Key: "tour", Encode: codec.EncodeInt[int], Decode: codec.DecodeInt[int]}
	// What the newer build would find of it, if it knew it.
	ownedTour = &runtime.Field[int]{Index: 4, Name: "Tour", Key: "tour", Encode: codec.EncodeInt[int], Decode: codec.DecodeInt[int]}
)

// An ownedBrowser visits a site whose two builds have one store and one key.
type ownedBrowser struct {
	t             testing.TB
	rnd           *rand.Rand
	newer, older  *client
	auditor       *runtime.Manager[visitor] // knows every field
	shares        bool                      // requests at once lose nothing of the session
	races         bool                      // requests at once are worth a try
	owners        map[int]int64             // of everything that was stored and is somebody's
	unsure        bool                      // whether its cookie is good
	next          int
	cart          []string // what must be in it
	steps         []string
	dropped, kept int
}

var sequences = flag.Int("sequences", 0, "how many sequences of visits TestOwnership makes in each home")

// TestOwnership makes random visits of one browser, by three users, with log-outs, renewals, requests at
// once and an older build: nothing of one user is ever seen under another, and the visitor's cart is there.
func TestOwnership(t *testing.T) {
	for name, home := range map[string]func() runtime.Config{
		"cookie":    func() runtime.Config { return runtime.Config{} },
		"revocable": func() runtime.Config { return runtime.Config{Revocations: runtime.NewMemoryStore(1000)} },
		"store":     func() runtime.Config { return runtime.Config{Store: runtime.NewMemoryStore(1000)} },
	} {
		t.Run(name, func(t *testing.T) {
			seed := rand.Uint64()
			total := new(ownedBrowser)
			for i := range cmp.Or(*sequences, long.Times(100, 500, 10_000)) {
				b := newOwnedBrowser(t, rand.New(rand.NewPCG(seed, uint64(i))), home())
				for range 3 + b.rnd.IntN(12) {
					b.step()
				}
				total.dropped, total.kept = total.dropped+b.dropped, total.kept+b.kept
				if t.Failed() {
					t.Fatalf("sequence %d of seed %d fails: %s", i, seed, strings.Join(b.steps, "; "))
				}
			}
			if total.dropped == 0 || total.kept == 0 {
				t.Errorf("%d values were cleared with a user and %d carts were kept: the sequences do not test both", total.dropped, total.kept)
			}
		})
	}
}

func newOwnedBrowser(t testing.TB, rnd *rand.Rand, cfg runtime.Config) *ownedBrowser {
	b := &ownedBrowser{t: t, rnd: rnd, owners: map[int]int64{}, shares: cfg.Store != nil, races: cfg.Store != nil || cfg.Revocations != nil}
	cfg.Insecure = true
	rigOf := func(fields ...runtime.AnyField) *client {
		r := &rig{t: t}
		r.startOf(cfg, fields...)
		return r.client()
	}
	b.newer = rigOf(ownedAccount, ownedCart, ownedNote, ownedDraft)
	b.older = rigOf(olderAccount, olderCart, olderTour)
	b.older.cookies = b.newer.cookies
	b.auditor = newManagerOf(t, cfg, ownedAccount, ownedCart, ownedNote, ownedDraft, ownedTour)
	return b
}

// step makes one visit, or two at once, and looks at what is left.
func (b *ownedBrowser) step() {
	if b.races && b.rnd.IntN(3) == 0 {
		b.race()
	} else if name, do := b.draw(); name != "" {
		b.log("%s", name)
		b.newer.visit(do)
	} else {
		b.visitOlder()
	}
	b.audit()
}

func (b *ownedBrowser) log(format string, args ...any) {
	b.steps = append(b.steps, fmt.Sprintf(format, args...))
}

// draw chooses what a visit does; it has no name for one that the older build is to serve.
func (b *ownedBrowser) draw() (name string, do func(*visitor)) {
	user := 1 + b.rnd.Int64N(3)
	switch b.rnd.IntN(12) {
	case 0, 1:
		return "add", b.add
	case 2:
		return "note", b.note
	case 3, 4:
		return fmt.Sprint("log in as ", user), func(s *visitor) { b.logIn(s, user) }
	case 5:
		return "LogOut", func(s *visitor) { b.cleared(s); s.LogOut() }
	case 6:
		return "clear the account", func(s *visitor) { b.cleared(s); ownedAccount.Clear(s.Session) }
	case 7:
		return "LogOut and note", func(s *visitor) { b.cleared(s); s.LogOut(); b.note(s); b.add(s) }
	case 8:
		return "Renew", func(s *visitor) { s.Renew() }
	case 9:
		return fmt.Sprint("add, log in as ", user), func(s *visitor) { b.add(s); b.note(s); b.logIn(s, user) }
	case 10:
		return "add, LogOut", func(s *visitor) { b.add(s); b.cleared(s); s.LogOut() }
	}
	return "", nil
}

// add puts something into the cart.
func (b *ownedBrowser) add(s *visitor) {
	b.next++
	thing := fmt.Sprint(b.next)
	ownedCart.Update(s.Session, func(cart []string) []string { return append(cart, thing) })
	b.cart = append(b.cart, thing)
}

// note stores a value that belongs to whoever is logged in.
func (b *ownedBrowser) note(s *visitor) {
	for _, f := range []*runtime.Field[int]{ownedNote, ownedDraft} {
		if b.rnd.IntN(2) == 0 {
			f.Set(s.Session, b.stamp(ownedAccount.Get(s.Session)))
		}
	}
}

// stamp is a new value that is somebody's.
func (b *ownedBrowser) stamp(owner int64) int {
	b.next++
	b.owners[b.next] = owner
	return b.next
}

func (b *ownedBrowser) logIn(s *visitor, user int64) {
	if ownedAccount.Get(s.Session) != user {
		b.cleared(s)
	}
	ownedAccount.Set(s.Session, user)
}

// cleared counts what a change of the principal clears.
func (b *ownedBrowser) cleared(s *visitor) {
	if ownedAccount.Has(s.Session) && ownedNote.Has(s.Session) {
		b.dropped++
	}
}

// visitOlder is a visit that the older build serves. It takes the cart for the account's.
func (b *ownedBrowser) visitOlder() {
	user := 1 + b.rnd.Int64N(3)
	switch b.rnd.IntN(3) {
	case 0:
		b.log("older: log in as %d", user)
		b.older.visit(func(s *visitor) { olderAccount.Set(s.Session, user) })
		b.cart = b.seen()
	default:
		b.log("older: write")
		b.older.visit(func(s *visitor) { olderTour.Set(s.Session, b.stamp(olderAccount.Get(s.Session))) })
	}
}

// seen is what the cart holds.
func (b *ownedBrowser) seen() []string { return ownedCart.Get(b.open().Session) }

func (b *ownedBrowser) open() *visitor {
	var header []string
	for name, value := range b.newer.cookies {
		header = append(header, name+"="+value)
	}
	return b.auditor.Open(b.t.Context(), header)
}

// race makes one visit within another one, by either build.
func (b *ownedBrowser) race() {
	outer, doOuter := b.draw()
	inner, doInner := b.draw()
	if outer == "" || b.open().IsNew() { // of two that begin a session, the browser keeps one
		return
	}
	first := b.rnd.IntN(2) == 0
	b.log("%s, and within it %s, first %v", outer, cmp.Or(inner, "the older build"), first)
	kept := slices.Clone(b.cart) // what the visits within leave in the cart
	w := b.newer.send(func(s *visitor) {
		ownedAccount.Get(s.Session)
		if first {
			doOuter(s)
		}
		mine := b.cart
		b.cart = kept
		if inner == "" {
			b.visitOlder()
		} else {
			b.newer.visit(doInner)
		}
		kept = slices.Clone(b.cart)
		b.cart = mine
		if !first {
			doOuter(s)
		}
	})
	if w.Code != 200 {
		b.t.Errorf("got status %d, want 200", w.Code)
	}
	b.newer.receive(w)
	if !b.shares { // of cookies the last one counts, which may be of a session that is gone
		b.unsure = true
		return
	}
	b.cart = b.seen() // of a request that came too late nothing is kept
	for _, thing := range kept {
		if !slices.Contains(b.cart, thing) {
			b.t.Errorf("the cart has lost %s: %v", thing, b.cart)
		}
	}
}

// audit looks at what a browser's session holds by now.
func (b *ownedBrowser) audit() {
	s := b.open()
	user := ownedAccount.Get(s.Session)
	for _, f := range []*runtime.Field[int]{ownedNote, ownedDraft, ownedTour} {
		value, ok := f.Get(s.Session), f.Has(s.Session)
		switch {
		case !ok:
		case b.owners[value] == 0 && user != 0:
			b.owners[value] = user // from nobody to somebody everything stays
		case b.owners[value] != user:
			b.t.Errorf("account %d has %s, which belongs to %d", user, f.Name, b.owners[value])
		}
	}
	if cart := ownedCart.Get(s.Session); !b.unsure && !slices.Equal(sorted(cart), sorted(b.cart)) {
		b.t.Errorf("the cart has %v, want %v", cart, b.cart)
	} else if len(cart) > 0 && user == 0 {
		b.kept++
	}
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }
