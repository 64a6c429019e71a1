package browser

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// The whole site can be used without a mouse, and the first key leads past the menu.
func TestKeyboard(t *testing.T) {
	eachMode(t, func(t *testing.T, url, mode string) {
		b := newBrowser(t, url, mode)
		b.visit("/")
		b.do(chromedp.KeyEvent(kb.Tab))
		if got := b.text(":focus"); got != "Skip to the content" {
			t.Fatalf("the first key leads to %q", got)
		}
		b.shoot("skip")
		b.do(chromedp.KeyEvent(kb.Enter), chromedp.KeyEvent(kb.Tab))
		if got := b.script("document.activeElement.id"); got != "add-1" {
			t.Fatalf("past the menu, the next key leads to %q", got)
		}
		if _, err := chromedp.RunResponse(b.ctx, chromedp.KeyEvent(kb.Enter)); err != nil {
			t.Fatal(err)
		}
		b.expect("/", "Shop", "", "Notebook is in your cart.")
	})
}

// Every page has what a screen reader goes by.
func TestStructure(t *testing.T) {
	eachMode(t, func(t *testing.T, url, mode string) {
		b := newBrowser(t, url, mode)
		look := func(path string) {
			b.visit(path)
			got := b.script(`(() => {
				const wrong = [], all = s => [...document.querySelectorAll(s)]
				for (const s of ['html[lang]', 'title', 'header', 'nav[aria-label]', 'main', 'footer', 'h1', '[role=status][aria-live]'])
					if (all(s).length != 1) wrong.push(s + ': ' + all(s).length)
				for (const e of all('input:not([type=hidden])'))
					if (!e.labels.length || !e.autocomplete) wrong.push('no label or no autocomplete: ' + e.id)
				for (const e of all('[aria-describedby]'))
					for (const id of e.getAttribute('aria-describedby').split(' '))
						if (!document.getElementById(id)) wrong.push('nothing describes ' + e.id + ' as ' + id)
				for (const e of all('a, button'))
					if (!e.textContent.trim()) wrong.push('no text: ' + e.outerHTML)
				const names = all('main button').map(e => e.textContent)
				if (new Set(names).size != names.length) wrong.push('buttons of the same name: ' + names)
				const ids = all('[id]').map(e => e.id)
				if (new Set(ids).size != ids.length) wrong.push('an id twice: ' + ids)
				if (document.documentElement.scrollWidth > innerWidth) wrong.push('wider than the window')
				return wrong.join('\n')
			})()`)
			if got != "" {
				t.Errorf("%s has these faults:\n%s", path, got)
			}
		}
		b.do(chromedp.EmulateViewport(320, 640)) // the width of WCAG's criterion on reflow
		for _, path := range []string{"/", "/cart", "/login", "/signup", "/nothing"} {
			look(path)
		}
		b.visit("/signup")
		b.send("h", "short")
		b.send(newName(), password)
		b.press("add-1")
		b.press("add-6")
		for _, path := range []string{"/", "/cart", "/devices", "/confirm?next=%2Fpassword"} {
			look(path)
		}
		b.visit("/confirm?next=%2Fpassword")
		b.fill("password", password)
		b.press("send")
		look("/password")
	})
}
