package chromium

import (
	"context"
	"flag"
	"fmt"
	"html"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/sessiongen/sessiongen/runtime"
)

var flashRounds = flag.Int("flash", 0, "how many drawn rounds TestFlash makes in each home, instead of one of each kind")

// flashSite has pages that show flash messages, in all kinds of responses.
type flashSite struct {
	site
	inAdvance atomic.Int64 // pages that the browser asked for before anybody wanted to see them
}

func newFlashSite(t *testing.T, cfg runtime.Config) *flashSite {
	cfg.OnEvent = func(_ context.Context, e runtime.Event) {
		switch e.Kind {
		case runtime.EventTooLarge, runtime.EventSaveFailed, runtime.EventStoreFailed, runtime.EventTooLate, runtime.EventFieldDropped:
			t.Errorf("unexpected event %+v", e)
		}
	}
	// Browsers cache nothing of a host with a wrong certificate; they treat localhost like https.
	cfg.Insecure = true
	s := &flashSite{site: newSite(t, cfg)}
	take := func(w http.ResponseWriter, r *http.Request) (shown string) {
		if strings.HasPrefix(r.Header.Get("Sec-Purpose"), "prefetch") {
			s.inAdvance.Add(1)
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		for _, notice := range SessionFrom(r.Context()).TakeNotices() {
			shown += "<p class=notice>" + html.EscapeString(notice) + "</p>"
		}
		return shown
	}
	s.HandleFunc("POST /do", func(w http.ResponseWriter, r *http.Request) {
		v := SessionFrom(r.Context())
		v.SetUsername("hubo") // so that the session stays when the notices go
		v.AddNotices(strings.Split(r.FormValue("notice"), ",")...)
		http.Redirect(w, r, r.FormValue("then"), http.StatusSeeOther)
	})
	s.HandleFunc("/page", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "a page"+take(w, r)) })
	s.HandleFunc("/plain", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, "a page that shows none")
	})
	s.HandleFunc("/hop", func(w http.ResponseWriter, r *http.Request) {
		take(w, r)
		http.Redirect(w, r, "/page", http.StatusSeeOther)
	})
	s.HandleFunc("/fails", func(w http.ResponseWriter, r *http.Request) {
		text := take(w, r)
		w.WriteHeader(http.StatusInternalServerError)
		io.WriteString(w, "failed"+strings.ReplaceAll(text, "notice", "lost"))
	})
	s.HandleFunc("/panics", func(w http.ResponseWriter, r *http.Request) { take(w, r); panic(http.ErrAbortHandler) })
	// Not found, with the site's layout: a person sees this as a page, but not as a subresource.
	s.HandleFunc("/none/", func(w http.ResponseWriter, r *http.Request) {
		text := take(w, r)
		w.WriteHeader(http.StatusNotFound)
		io.WriteString(w, "no such page"+text)
	})
	s.HandleFunc("/framed", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, take(w, r)+"with frames: <iframe src=/page?1></iframe><iframe src=/page?2></iframe>")
	})
	s.HandleFunc("/frames", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, "frames alone: <iframe src=/page?1></iframe><iframe src=/page?2></iframe>")
	})
	s.HandleFunc("/parts", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, `parts: <img src=/none/image.png><link rel=stylesheet href=/none/style.css>
			<script src=/none/script.js></script><audio src=/none/audio.mp3></audio><link rel=icon href=/none/icon.png>`)
	})
	s.HandleFunc("/ahead", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, `links: <link rel=prefetch href=/page?ahead><script type=speculationrules>
			{"prerender": [{"source": "list", "urls": ["/page?prerendered"], "eagerness": "immediate"}]}</script>
			<a id=ahead href=/page?ahead>one</a> <a id=prerendered href=/page?prerendered>another</a>`)
	})
	return s
}

// A person sees pages in two tabs, and remembers the notices on them.
type person struct {
	browser
	site *flashSite
	tabs [2]browser
	seen []string
}

// look reads the page that a tab has just loaded, with its frames.
func (p *person) look(tab browser) {
	p.t.Helper()
	text := tab.script(`(async () => {
		while (document.readyState != 'complete') await new Promise(done => setTimeout(done, 1))
		const all = d => [...d.querySelectorAll('.notice')].map(e => e.innerText)
		const frames = [...document.querySelectorAll('iframe')]
		for (const f of frames)
			while (f.contentDocument.readyState != 'complete' || f.contentDocument.URL == 'about:blank')
				await new Promise(done => setTimeout(done, 1))
		return [document, ...frames.map(f => f.contentDocument)].flatMap(all).join('\n')
	})()`)
	p.seen = append(p.seen, strings.Fields(text)...)
}

// open goes to a page in a tab, and looks at it.
func (p *person) open(tab browser, path string) {
	p.t.Helper()
	if err := chromedp.Do(tab.ctx, chromedp.Navigate(p.site.at("localhost", path))); err != nil {
		p.t.Fatal(err)
	}
	p.look(tab)
}

// fails goes to a page that does not answer.
func (p *person) fails(tab browser, path string) {
	_ = chromedp.Do(tab.ctx, chromedp.Navigate(p.site.at("localhost", path)))
}

func (p *person) reload(tab browser) {
	p.t.Helper()
	if err := chromedp.Do(tab.ctx, chromedp.Reload()); err != nil {
		p.t.Fatal(err)
	}
	p.look(tab)
}

// travel goes back or forward in the history of a tab, to a page at another address.
func (p *person) travel(tab browser, steps int) {
	p.t.Helper()
	before := tab.script("location.href")
	tab.script(fmt.Sprintf("setTimeout(() => history.go(%d)); ''", steps))
	for range 500 {
		if at, err := chromedp.Run(tab.ctx, chromedp.Evaluate[string]("document.readyState == 'complete' ? location.href : ''")); err == nil && at != "" && at != before {
			p.look(tab)
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	p.t.Fatal("the history has no other page")
}

// follow clicks on a link, and looks at the page behind it.
func (p *person) follow(tab browser, id string) {
	p.t.Helper()
	tab.press(id)
	p.look(tab)
}

// do sends a form that adds notices and leads to a page.
func (p *person) do(tab browser, notices, then string) {
	p.t.Helper()
	tab.visit(p.site.at("localhost", "/plain"))
	p.send(tab, notices, then)
	p.look(tab)
}

func (p *person) send(tab browser, notices, then string) {
	p.t.Helper()
	tab.script(fmt.Sprintf(`document.body.innerHTML = '<form method=post action=/do><input name=notice value="%s"><input name=then value="%s"><button id=do></button></form>'; ''`, notices, then))
	tab.press("do")
}

// Ways to go on when a notice is waiting. If one does not show it, a later page does.
var flashWays = map[string]func(p *person, notice string){
	"a redirect to the page":   func(p *person, notice string) { p.do(p.tabs[0], notice, "/page") },
	"a redirect on the way":    func(p *person, notice string) { p.do(p.tabs[0], notice, "/hop") },
	"a failure":                func(p *person, notice string) { p.do(p.tabs[0], notice, "/fails") },
	"a page that is not found": func(p *person, notice string) { p.do(p.tabs[0], notice, "/none/page") },
	"a panic": func(p *person, notice string) {
		p.do(p.tabs[0], notice, "/plain")
		p.fails(p.tabs[0], "/panics")
	},
	"another tab": func(p *person, notice string) {
		p.do(p.tabs[0], notice, "/plain")
		p.open(p.tabs[1], "/page")
		p.open(p.tabs[0], "/page")
	},
	"frames within a page": func(p *person, notice string) { p.do(p.tabs[0], notice, "/framed") },
	"frames alone":         func(p *person, notice string) { p.do(p.tabs[0], notice, "/frames") },
	"images and other parts": func(p *person, notice string) {
		p.do(p.tabs[0], notice, "/parts")
		p.open(p.tabs[0], "/page")
	},
	"reload": func(p *person, notice string) {
		p.do(p.tabs[0], notice, "/page")
		p.reload(p.tabs[0])
	},
	"back": func(p *person, notice string) {
		p.do(p.tabs[0], notice, "/page")
		p.open(p.tabs[0], "/plain")
		p.travel(p.tabs[0], -1)
		p.travel(p.tabs[0], 1)
	},
	"back from another page of notices": func(p *person, notice string) {
		p.do(p.tabs[0], notice, "/page")
		p.open(p.tabs[0], "/page?other")
		p.travel(p.tabs[0], -1)
	},
	"a prefetch": func(p *person, notice string) {
		before := p.site.inAdvance.Load()
		p.do(p.tabs[0], notice, "/ahead")
		for range 100 {
			if p.site.inAdvance.Load() > before {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		p.follow(p.tabs[0], "ahead")
		p.open(p.tabs[0], "/page")
	},
	"a prerender": func(p *person, notice string) {
		before := p.site.inAdvance.Load()
		p.do(p.tabs[0], notice, "/ahead")
		for range 100 {
			if p.site.inAdvance.Load() > before+1 {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		p.follow(p.tabs[0], "prerendered")
		p.open(p.tabs[0], "/page")
	},
}

// A flash message is shown once, on a page that a person sees.
func TestFlash(t *testing.T) {
	for name, cfg := range map[string]runtime.Config{
		"cookie":    {},
		"revocable": {Revocations: runtime.NewMemoryStore(1000)},
		"store":     {Store: runtime.NewMemoryStore(1000)},
	} {
		t.Run(name, func(t *testing.T) {
			s := newFlashSite(t, cfg)
			p := &person{browser: newBrowser(t), site: s}
			var cancel context.CancelFunc
			p.ctx, cancel = context.WithTimeout(chromium, time.Minute+time.Duration(*flashRounds)*5*time.Second)
			defer cancel()
			p.tabs = [2]browser{p.browser, p.newTab()}
			ways := make([]string, 0, len(flashWays))
			for way := range flashWays {
				ways = append(ways, way)
			}
			slices.Sort(ways)
			for i := range max(*flashRounds, len(ways)) {
				way := ways[i%len(ways)]
				if *flashRounds > 0 {
					way = ways[rand.IntN(len(ways))]
				}
				notice := fmt.Sprint("notice-", i)
				p.seen = nil
				flashWays[way](p, notice)
				p.open(p.tabs[i%2], "/page?then")
				if !slices.Equal(p.seen, []string{notice}) {
					t.Errorf("%s: the person saw %q, want %q once", way, p.seen, notice)
				}
			}
			if s.inAdvance.Load() == 0 {
				t.Error("the browser requested no page in advance, so the test has nothing to check")
			}
		})
	}
}

// Too many notices cause no failure: the newest are shown.
func TestFlashOverflow(t *testing.T) {
	s := newFlashSite(t, runtime.Config{})
	p := &person{browser: newBrowser(t), site: s}
	for range 5 {
		p.do(p.browser, "a,b,c,d", "/plain")
	}
	p.do(p.browser, "e", "/page")
	p.open(p.browser, "/page")
	if got := strings.Join(p.seen, " "); got != "c d e" {
		t.Errorf("the person saw %q, want c d e", got)
	}
}

// newTab opens another tab of the browser.
func (b browser) newTab() browser {
	b.t.Helper()
	ctx, closeTab := chromedp.NewContext(chromium)
	b.t.Cleanup(closeTab)
	if err := chromedp.Do(ctx); err != nil {
		b.t.Fatal(err)
	}
	return browser{b.t, ctx}
}
