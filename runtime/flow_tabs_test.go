package runtime_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sessiongen/sessiongen/runtime"
)

// TestFlowTabs: eight tabs begin at once and finish in any order, while their visitor logs in and out: each gets
// its own value, once. The header never has more than 8 KiB. One more flow ends the oldest.
//
//	go test ./runtime -run TestFlowTabs -rapid.checks=1000
func TestFlowTabs(t *testing.T) {
	const tabs = 8
	here, elsewhere := flowOf("SignIn", "sign_in"), flowOf("Pay", "pay")
	here.Max, elsewhere.Max, elsewhere.Path, elsewhere.CrossSite = tabs, tabs, "/paid", true
	for _, home := range flowHomes {
		t.Run(home, func(t *testing.T) {
			site := newFlowSite(t, home, runtime.Config{})
			rapid.Check(t, func(rt *rapid.T) {
				field := rapid.SampledFrom([]*runtime.Flow[signIn]{here, elsewhere}).Draw(rt, "field")
				p := &flowPlay{T: rt, site: site, jar: newJar(site.clock.now), field: field}
				p.play(tabs)
			})
		})
	}
}

// A tab begins a flow, and finishes it later.
type tab struct {
	state string
	value signIn
	ended bool // crowded out by others
}

// A flowPlay is one round.
type flowPlay struct {
	*rapid.T
	site  *flowSite
	jar   *jar
	field *runtime.Flow[signIn]
	tabs  []*tab // in the order in which the browser has heard of their flows
}

func (p *flowPlay) play(tabs int) {
	verifier := strings.Repeat("v", rapid.IntRange(0, 500).Draw(p.T, "size"))
	starts, begun := make([]*visitor, tabs), make([]*tab, tabs)
	for i := range starts { // what the browser sends with all of them is the same
		starts[i] = p.open("/login")
		begun[i] = &tab{value: signIn{fmt.Sprint("/", i), verifier}}
		begun[i].state = p.field.Start(starts[i].Session, begun[i].value)
	}
	for _, i := range rapid.Permutation(order(tabs)).Draw(p.T, "answers") {
		p.seal(starts[i])
		p.tabs = append(p.tabs, begun[i])
	}
	for i := range rapid.IntRange(0, 3).Draw(p.T, "more") {
		p.another(i)
	}
	p.wander()
	for _, i := range rapid.Permutation(order(len(p.tabs))).Draw(p.T, "callbacks") {
		p.finish(p.tabs[i])
		if rapid.IntRange(0, 3).Draw(p.T, "pause") == 0 {
			p.wander()
		}
		p.again(p.tabs[i])
	}
	p.jar.path = "/paid"
	if slices.ContainsFunc(p.jar.names(), func(name string) bool { return name != dataName }) {
		p.Errorf("the cookies %q are left", p.jar.names())
	}
}

func order(n int) (list []int) {
	for i := range n {
		list = append(list, i)
	}
	return list
}

// open opens the session of a request, whose header must not be too long.
func (p *flowPlay) open(path string) *visitor {
	p.jar.path = path
	header := p.jar.header()
	if len(header) > 0 && len(header[0]) > 8192 {
		p.Errorf("the Cookie header has %d bytes", len(header[0]))
	}
	return p.site.m.Open(p.site.t.Context(), header)
}

func (p *flowPlay) seal(s *visitor) {
	lines, err := setCookieLines(p.site.m.Seal(s))
	if err != nil {
		p.Fatal(err)
	}
	p.jar.receive(p.site.t, lines)
}

// another begins one flow more, which ends the oldest. The clock may stand still.
func (p *flowPlay) another(i int) {
	p.site.clock.advance(time.Duration(rapid.IntRange(0, 1).Draw(p.T, "seconds")) * time.Second)
	s := p.open("/login")
	tab := &tab{value: signIn{Next: fmt.Sprint("/more/", i)}}
	tab.state = p.field.Start(s.Session, tab.value)
	p.seal(s)
	p.tabs[i].ended = true
	p.tabs = append(p.tabs, tab)
}

// wander is what else a visitor does.
func (p *flowPlay) wander() {
	s := p.open("/")
	switch rapid.IntRange(0, 3).Draw(p.T, "visit") {
	case 0:
		fieldAccount.Set(s.Session, rapid.Int64Range(1, 3).Draw(p.T, "account"))
	case 1:
		s.LogOut()
	case 2:
		fieldVisits.Update(s.Session, func(n int) int { return n + 1 })
	}
	p.seal(s)
}

func (p *flowPlay) finish(tab *tab) {
	s := p.open("/paid")
	v, ok := p.field.Take(s.Session, tab.state)
	p.seal(s)
	if ok == tab.ended || ok && v != tab.value {
		p.Errorf("Take returns %+v, %v, want %+v, ended: %v", v, ok, tab.value, tab.ended)
	}
}

func (p *flowPlay) again(tab *tab) {
	s := p.open("/paid")
	if _, ok := p.field.Take(s.Session, tab.state); ok {
		p.Errorf("Take returns %s twice", tab.value.Next)
	}
	p.seal(s)
}
