package check

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// HTTP is the client of a site at a URL.
type HTTP string

// Do implements [Client]. The method WEBSOCKET opens a websocket, sends the argument and returns the echo.
func (base HTTP) Do(t *testing.T, method, path, arg, cookie string) Reply {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	target := string(base) + path + "?arg=" + url.QueryEscape(arg)
	header := http.Header{}
	if cookie != "" {
		header.Set("Cookie", cookie)
	}
	if method == "WEBSOCKET" {
		return dial(ctx, t, target, arg, header)
	}
	req, err := http.NewRequestWithContext(ctx, method, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return Reply{}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return Reply{}
	}
	return Reply{resp.StatusCode, string(body), resp.Header, resp.Header["Set-Cookie"]}
}

func dial(ctx context.Context, t *testing.T, target, arg string, header http.Header) Reply {
	t.Helper()
	conn, resp, err := websocket.Dial(ctx, strings.Replace(target, "http", "ws", 1), &websocket.DialOptions{HTTPHeader: header})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	if err := conn.Write(ctx, websocket.MessageText, []byte(arg)); err != nil {
		t.Fatal(err)
	}
	_, body, err := conn.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return Reply{resp.StatusCode, string(body), resp.Header, resp.Header["Set-Cookie"]}
}

// Echo handles /websocket for frameworks on net/http, once [Do] has run.
func Echo(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer conn.CloseNow()
	kind, message, err := conn.Read(r.Context())
	if err == nil {
		_ = conn.Write(r.Context(), kind, message)
	}
	_ = conn.Close(websocket.StatusNormalClosure, "")
}
