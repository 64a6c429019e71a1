package chromium

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/sessiondebug"
)

var shots = flag.String("shots", "", "the directory to keep screenshots of the page for development in")

// The debug page is readable on a desktop and on a phone, in light and in dark, and for blind users.
func TestDebugPage(t *testing.T) {
	for home, cfg := range map[string]runtime.Config{
		"cookie": {Insecure: true},
		"store":  {Insecure: true, Store: runtime.NewMemoryStore(100)},
	} {
		s := newSite(t, cfg)
		s.Handle("/debug/session", sessiondebug.Handler(sessiondebug.Options{}))
		for _, screen := range []struct {
			name          string
			width, height int64
		}{{"desk", 1280, 900}, {"phone", 390, 844}, {"narrow", 320, 568}} {
			for _, theme := range []string{"light", "dark"} {
				name := home + "-" + screen.name + "-" + theme
				t.Run(name, func(t *testing.T) {
					b := newBrowser(t)
					b.look(screen.width, screen.height, theme)
					b.visit(s.at("localhost", "/login"))
					b.visit(s.at("localhost", "/note?n=700"))
					text := b.visit(s.at("localhost", "/debug/session"))
					b.shoot(name)
					for _, want := range []string{"hubo", "Username", "Config.Lifetime", "Nothing here stops this browser"} {
						if !strings.Contains(text, want) {
							t.Errorf("the page does not show %q: %s", want, text)
						}
					}
					if strings.Contains(text, "Sessions of this user") != (home == "store") {
						t.Errorf("the page lists the user's sessions without a store, or not with one: %s", text)
					}
					for _, check := range readable {
						if got := b.script(check.script); got != "" {
							t.Errorf("%s: %s", check.name, got)
						}
					}
				})
			}
		}
	}
}

// look gives the page a size and a theme.
func (b browser) look(width, height int64, theme string) {
	b.t.Helper()
	err := chromedp.Do(b.ctx, chromedp.EmulateViewport(width, height))
	if err == nil {
		_, err = chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}},
		})
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// shoot saves a screenshot of the page, if asked to.
func (b browser) shoot(name string) {
	b.t.Helper()
	if *shots == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(*shots, name+".png"), png, 0o666)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// readable are scripts that return the faults of a page.
var readable = []struct{ name, script string }{
	{"language", `document.documentElement.lang ? "" : "none"`},
	{"title", `document.title ? "" : "none"`},
	{"style", `getComputedStyle(document.querySelector("section")).borderTopStyle == "solid" ? "" : "the policy refuses it"`},
	{"headings", `(() => {
		const levels = [...document.querySelectorAll("h1,h2,h3,h4")].map(h => +h.tagName[1]);
		return levels.filter(l => l == 1).length == 1 && levels.every((l, i) => l <= (levels[i-1] ?? 0) + 1) ? "" : levels.join();
	})()`},
	{"regions without a name", `[...document.querySelectorAll("section")].filter(s => !document.getElementById(s.getAttribute("aria-labelledby"))).map(s => s.outerHTML).join()`},
	{"pictures without a name", `[...document.querySelectorAll("svg:not([aria-hidden])")].filter(s => !s.getAttribute("aria-label")).map(s => s.outerHTML).join()`},
	{"header cells without a scope", `[...document.querySelectorAll("th")].filter(c => !c.scope).map(c => c.outerHTML).join()`},
	{"tables that are none where their cells are blocks", `[...document.querySelectorAll("table,thead,tbody,tr,th,td")].filter(e => !e.role).map(e => e.outerHTML).slice(0, 3).join()`},
	{"wider than the screen", `(() => {
		const most = document.documentElement.clientWidth;
		return [...document.body.querySelectorAll("*")].filter(e => e.getBoundingClientRect().right > most + 1).map(e => e.tagName + " " + e.className).slice(0, 5).join();
	})()`},
	{"contrast below 4.5 (WCAG 2.2, 1.4.3)", `(() => {
		const light = c => { const v = c.match(/[\d.]+/g).slice(0, 3).map(x => x / 255).map(x => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
			return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2]; };
		const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (c != "rgba(0, 0, 0, 0)") return c; } return "rgb(255,255,255)"; };
		const low = [];
		for (const e of document.body.querySelectorAll("*")) {
			if (![...e.childNodes].some(n => n.nodeType == 3 && n.data.trim())) continue;
			const a = light(getComputedStyle(e).color), b = light(behind(e));
			const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
			if (ratio < 4.5) low.push(e.tagName + " " + e.className + " " + ratio.toFixed(2));
		}
		return low.slice(0, 5).join();
	})()`},
}
