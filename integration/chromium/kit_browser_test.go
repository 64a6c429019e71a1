package chromium

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"
)

// chromium is the one browser of all tests.
var chromium context.Context

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	path, err := exec.LookPath("chromium")
	if err != nil {
		fmt.Fprintln(os.Stderr, "FAIL: these tests drive Chromium, and there is no command chromium: install Debian's package chromium")
		return 1
	}
	ctx, stop := chromedp.NewExecAllocator(context.Background(), append(options(path), chromedp.IgnoreCertErrors)...)
	defer stop()
	var quit context.CancelFunc
	chromium, quit = chromedp.NewContext(ctx)
	defer quit()
	if err := chromedp.Do(chromium); err != nil {
		fmt.Fprintln(os.Stderr, "FAIL: Chromium does not start:", err)
		return 1
	}
	return m.Run()
}

// options are for a browser that resolves each host name with ".test" at its end to this machine.
func options(path string) []chromedp.ExecAllocatorOption {
	return []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path),
		chromedp.Headless,
		chromedp.NoSandbox, // which does not work as root; all pages are the tests' own
		chromedp.NoFirstRun,
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		// Going back loads a page again. With this cache, it would look as it did before.
		chromedp.Flag("disable-back-forward-cache", true),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("disable-sync", true),
		chromedp.Flag("no-proxy-server", true),
		chromedp.Flag("host-resolver-rules", "MAP *.test 127.0.0.1"),
	}
}

// browser is one of its pages.
type browser struct {
	t   *testing.T
	ctx context.Context
}

// newBrowser removes what an earlier test left in the browser. A browser context for each test would take a second.
func newBrowser(t *testing.T) browser {
	t.Helper()
	// A page that hangs is then a failure that says where.
	ctx, cancel := context.WithTimeout(chromium, time.Minute)
	t.Cleanup(cancel)
	b := browser{t, ctx}
	b.visit("about:blank")
	b.empty()
	return b
}

// empty removes the browser's cookies.
func (b browser) empty() {
	b.t.Helper()
	if _, err := chromedp.CallBrowser(b.ctx, storage.ClearCookies, storage.ClearCookiesParams{}); err != nil {
		b.t.Fatal(err)
	}
}

// visit goes to a page, as if its address had been typed, and returns its text.
func (b browser) visit(url string) string {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Navigate(url)); err != nil {
		b.t.Fatalf("%s: %v", url, err)
	}
	return b.text()
}

// get requests a path of the page's site from within the page, in a tenth of the time of a visit, and returns the text
// of the response.
func (b browser) get(path string) string {
	b.t.Helper()
	return b.script(fmt.Sprintf("fetch(%q).then(answer => answer.text()).then(text => text.trim())", path))
}

// press clicks on the element with an id, and returns the text of the next page.
func (b browser) press(id string) string { return b.click("#" + id) }

// click clicks on the first element of a selector, and returns the text of the next page.
func (b browser) click(selector string) string {
	b.t.Helper()
	click := chromedp.Func(func(context.Context, *chromedp.Target) error {
		b.script("document.querySelector(`" + selector + "`).click(); ''")
		return nil
	})
	if _, err := chromedp.RunResponse(b.ctx, click); err != nil {
		b.t.Fatalf("%s: %v", selector, err)
	}
	return b.text()
}

// enter fills a field of a form.
func (b browser) enter(field, value string) {
	b.t.Helper()
	b.script(fmt.Sprintf("document.querySelector(`[name=%s]`).value = %q; ''", field, value))
}

// text returns the text of the page.
func (b browser) text() string {
	b.t.Helper()
	return b.script("document.body.innerText.trim()")
}

// script runs a script in the page and waits for its result.
func (b browser) script(text string) string {
	b.t.Helper()
	result, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](text, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", text, err)
	}
	return result
}

// cookies returns the browser's cookies of all sites, in the order of their names.
func (b browser) cookies() []*network.Cookie {
	b.t.Helper()
	result, err := chromedp.CallBrowser(b.ctx, storage.GetCookies, storage.GetCookiesParams{})
	if err != nil {
		b.t.Fatal(err)
	}
	slices.SortFunc(result.Cookies, func(a, b *network.Cookie) int { return cmp.Compare(a.Name, b.Name) })
	return result.Cookies
}

func (b browser) names() []string {
	b.t.Helper()
	var names []string
	for _, c := range b.cookies() {
		names = append(names, c.Name)
	}
	return names
}

// cookie returns the only cookie that the browser has.
func (b browser) cookie() *network.Cookie {
	b.t.Helper()
	all := b.cookies()
	if len(all) != 1 {
		b.t.Fatalf("the browser has the cookies %q, want one", b.names())
	}
	return all[0]
}
