package runtime_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

func TestTimeoutHandler(t *testing.T) {
	for _, outside := range []bool{true, false} {
		for _, slow := range []bool{true, false} {
			t.Run(fmt.Sprintf("outside=%v/slow=%v", outside, slow), func(t *testing.T) {
				var log eventLog
				m := newManager(t, runtime.Config{OnEvent: log.record})
				done, limit := make(chan error, 1), time.Minute
				if slow {
					limit = 20 * time.Millisecond
				}
				h := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					s := from(r)
					fieldUser.Set(s.Session, "hubo")
					if slow {
						<-r.Context().Done()
						time.Sleep(20 * time.Millisecond) // by now the response is the TimeoutHandler's
						fieldVisits.Set(s.Session, 1)
					}
					io.WriteString(w, "body")
					done <- s.Err()
				}))
				if outside {
					h = http.TimeoutHandler(m.Handler(h), limit, "slow")
				} else {
					h = m.Handler(http.TimeoutHandler(h, limit, "slow"))
				}
				b := newBrowser(t, h)
				resp, body := b.get("/")
				err := <-done
				s := m.Open(t.Context(), b.cookies())
				switch {
				case !slow && (resp.StatusCode != 200 || body != "body" || fieldUser.Get(s.Session) != "hubo" || err != nil):
					t.Errorf("got %s, %q, session %v, error %v", resp.Status, body, s, err)
				case slow && (resp.StatusCode != 503 || body != "slow"):
					t.Errorf("got %s, %q, want 503, slow", resp.Status, body)
				case slow && outside && (!s.IsNew() || len(resp.Header["Vary"]) > 0):
					t.Errorf("an abandoned response left header %v", resp.Header)
				case slow && !outside && (fieldUser.Get(s.Session) != "hubo" || fieldVisits.Has(s.Session) || !errors.Is(err, runtime.ErrTooLate)):
					t.Errorf("got session %v, error %v", s, err)
				}
			})
		}
	}
}

func TestGzip(t *testing.T) {
	for _, outside := range []bool{true, false} {
		m := newManager(t, runtime.Config{})
		h := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fieldUser.Set(from(r).Session, "hubo")
			for range 100 {
				io.WriteString(w, "body ")
				if err := http.NewResponseController(w).Flush(); err != nil {
					t.Error(err)
				}
			}
		}))
		if outside {
			h = zipped(m.Handler(h))
		} else {
			h = m.Handler(zipped(h))
		}
		b := newBrowser(t, h)
		resp, body := b.get("/")
		if !resp.Uncompressed || body != strings.Repeat("body ", 100) {
			t.Errorf("outside=%v: got header %v, body %q", outside, resp.Header, body)
		}
		if s := m.Open(t.Context(), b.cookies()); fieldUser.Get(s.Session) != "hubo" {
			t.Errorf("outside=%v: got session %v", outside, s)
		}
		if got := strings.Join(resp.Header["Vary"], ", "); !strings.Contains(got, "Cookie") || !strings.Contains(got, "Accept-Encoding") {
			t.Errorf("outside=%v: got Vary %q", outside, got)
		}
	}
}
