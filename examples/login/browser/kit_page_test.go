package browser

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// browser is a window with cookies of its own.
type browser struct {
	t    *testing.T
	ctx  context.Context
	url  string
	mode string
}

func newBrowser(t *testing.T, url, mode string) browser {
	t.Helper()
	ctx, closeWindow := chromedp.NewContext(chromium, chromedp.WithNewBrowserContext())
	t.Cleanup(closeWindow)
	// A page that hangs fails the test, and says where.
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	t.Cleanup(cancel)
	b := browser{t, ctx, url, mode}
	b.do(chromedp.EmulateViewport(1200, 800))
	return b
}

func (b browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

func (b browser) visit(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.url + path))
}

// press clicks on what has an id, and waits for the page to which that leads.
func (b browser) press(id string) {
	b.t.Helper()
	click := chromedp.Click(chromedp.ID(id))
	if _, err := chromedp.RunResponse(b.ctx, click); err != nil {
		b.t.Fatalf("%s: %v", id, err)
	}
}

// fill types a text into what has an id, in place of what is there.
func (b browser) fill(id, text string) {
	b.t.Helper()
	b.script("document.getElementById('" + id + "').value = ''")
	b.do(chromedp.SendKeys(chromedp.ID(id), text))
}

// send fills the form for signing up and for logging in, and sends it.
func (b browser) send(name, password string) {
	b.t.Helper()
	b.fill("name", name)
	b.fill("password", password)
	b.press("send")
}

// script runs a script in the page and returns its result.
func (b browser) script(text string) string {
	b.t.Helper()
	result, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](text))
	if err != nil {
		b.t.Fatalf("%s: %v", text, err)
	}
	return result
}

// text returns what is shown of a selector, or "" if it is not there.
func (b browser) text(selector string) string {
	b.t.Helper()
	return b.script(fmt.Sprintf("[...document.querySelectorAll(%q)].map(e => e.innerText.trim()).join('|')", selector))
}

// expect compares what the visitor sees.
func (b browser) expect(path, title, user, notices string) {
	b.t.Helper()
	gotPath := b.script("location.pathname")
	gotTitle, gotUser, gotNotices := b.text("h1"), b.text("#user"), b.text(".notice")
	if gotPath != path || gotTitle != title || gotUser != user || gotNotices != notices {
		b.t.Fatalf("the page is %s, %q for %q with %q, want %s, %q for %q with %q",
			gotPath, gotTitle, gotUser, gotNotices, path, title, user, notices)
	}
}

// shoot takes a picture of the page, at the width of a desk and at that of a phone.
func (b browser) shoot(name string) {
	b.t.Helper()
	if *screenshots == "" {
		return
	}
	for device, width := range map[string]int64{"desk": 1200, "phone": 375} {
		b.do(chromedp.EmulateViewport(width, 800))
		picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
		if err != nil {
			b.t.Fatal(err)
		}
		file := filepath.Join(*screenshots, strings.Join([]string{b.mode, name, device}, "-")+".png")
		if err := os.WriteFile(file, picture, 0o644); err != nil {
			b.t.Fatal(err)
		}
	}
	b.do(chromedp.EmulateViewport(1200, 800))
}
