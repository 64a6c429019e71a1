package chromium

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

// firefox is a page of Debian's Firefox, controlled by WebDriver BiDi, which Firefox implements itself.
type firefox struct {
	t    *testing.T
	wire *wire
}

// wire is the connection to a Firefox. It must be used by one goroutine.
type wire struct {
	conn  *websocket.Conn
	ctx   context.Context
	last  int    // the number of the last command
	page  string // the only one
	loads int    // how many pages there were
}

// newFirefox starts a Firefox without a window. It resolves the tests' host names to this machine.
func newFirefox(t *testing.T) firefox {
	t.Helper()
	path, err := exec.LookPath("firefox-esr")
	if err != nil {
		t.Fatal("this test drives Firefox, and there is no command firefox-esr: install Debian's package firefox-esr")
	}
	profile := t.TempDir()
	const preferences = `user_pref("network.dns.localDomains", "site.test,other.test");` + "\n" + `user_pref("network.dns.disableIPv6", true);`
	if err := os.WriteFile(filepath.Join(profile, "user.js"), []byte(preferences), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, path, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port=0")
	says, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	f := firefox{t, &wire{ctx: ctx}}
	t.Cleanup(func() { cmd.Wait() })
	t.Cleanup(func() { cmd.Process.Signal(os.Interrupt) })
	address := ""
	for lines := bufio.NewScanner(says); address == "" && lines.Scan(); {
		_, address, _ = strings.Cut(lines.Text(), "WebDriver BiDi listening on ")
	}
	go io.Copy(io.Discard, says) // of what Firefox goes on to complain about
	f.connect(address)
	return f
}

func (f firefox) connect(address string) {
	f.t.Helper()
	conn, _, err := websocket.Dial(f.wire.ctx, address+"/session", nil)
	if err != nil {
		f.t.Fatalf("Firefox at %q: %v", address, err)
	}
	f.wire.conn = conn
	conn.SetReadLimit(1 << 20)
	f.t.Cleanup(func() { conn.CloseNow() })
	f.call(nil, "session.new", fields{"capabilities": fields{"alwaysMatch": fields{"acceptInsecureCerts": true}}})
	f.call(nil, "session.subscribe", fields{"events": []string{"browsingContext.load"}})
	var tree struct {
		Contexts []struct{ Context string }
	}
	f.call(&tree, "browsingContext.getTree", fields{})
	f.wire.page = tree.Contexts[0].Context
}

// fields are those of a JSON object.
type fields map[string]any

// message is the response to a command, or an event.
type message struct {
	ID             int
	Type           string
	Method         string
	Message, Error string
	Result         json.RawMessage
}

// call sends a command, and reads its result.
func (f firefox) call(result any, method string, params fields) {
	f.t.Helper()
	w := f.wire
	w.last++
	if err := wsjson.Write(w.ctx, w.conn, fields{"id": w.last, "method": method, "params": params}); err != nil {
		f.t.Fatalf("%s: %v", method, err)
	}
	for {
		m := f.read()
		switch {
		case m.ID != w.last:
		case m.Type == "error":
			f.t.Fatalf("%s: %s %s", method, m.Error, m.Message)
		case result == nil:
			return
		default:
			if err := json.Unmarshal(m.Result, result); err != nil {
				f.t.Fatalf("%s: %v", method, err)
			}
			return
		}
	}
}

func (f firefox) read() message {
	f.t.Helper()
	var m message
	if err := wsjson.Read(f.wire.ctx, f.wire.conn, &m); err != nil {
		f.t.Fatal(err)
	}
	if m.Method == "browsingContext.load" {
		f.wire.loads++
	}
	return m
}

func (f firefox) visit(url string) string {
	f.t.Helper()
	f.call(nil, "browsingContext.navigate", fields{"context": f.wire.page, "url": url, "wait": "complete"})
	return f.text()
}

func (f firefox) press(id string) string {
	f.t.Helper()
	loads := f.wire.loads
	f.script(fmt.Sprintf("document.getElementById(%q).click(); ''", id))
	for f.wire.loads == loads {
		f.read()
	}
	return f.text()
}

func (f firefox) text() string {
	f.t.Helper()
	return f.script("document.body.innerText.trim()")
}

func (f firefox) script(text string) string {
	f.t.Helper()
	var said struct {
		Result           struct{ Value string }
		ExceptionDetails struct{ Text string }
	}
	f.call(&said, "script.evaluate", fields{"expression": text, "target": fields{"context": f.wire.page}, "awaitPromise": true})
	if why := said.ExceptionDetails.Text; why != "" {
		f.t.Fatalf("%s: %s", text, why)
	}
	return said.Result.Value
}

func (f firefox) names() []string {
	f.t.Helper()
	var kept struct {
		Cookies []struct{ Name string }
	}
	f.call(&kept, "storage.getCookies", fields{})
	var names []string
	for _, c := range kept.Cookies {
		names = append(names, c.Name)
	}
	slices.Sort(names)
	return names
}

// empty removes all cookies.
func (f firefox) empty() {
	f.t.Helper()
	f.call(nil, "storage.deleteCookies", fields{})
}
