package runtime_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

// sized returns a name and a session whose cookie has exactly this size. Not every
// size is a token's, so that the name has to make up for it.
func sized(t *testing.T, size int, cfg runtime.Config) (*runtime.Manager[visitor], *visitor) {
	t.Helper()
	for nameLength := 1; nameLength < 5; nameLength++ {
		cfg.Name = strings.Repeat("n", nameLength)
		m := newManager(t, cfg)
		s := m.Open(nil)
		fieldToken.Set(s.Session, "a token")
		fieldUser.Set(s.Session, "hubo")
		for n := size*3/4 - 200; n < size*3/4; n++ {
			if fieldBlob.Set(s.Session, make([]byte, n)); s.Size() == size {
				return m, s
			}
		}
	}
	t.Fatalf("no cookie of %d bytes", size)
	return nil, nil
}

func TestSizeLimit(t *testing.T) {
	for _, size := range []int{500, 4089, 4090, 4091, 4092, 4093, 4094, 4095, 4096} {
		m, s := sized(t, size, runtime.Config{})
		c := parseCookie(t, seal(t, m, s))
		if got := len(c.Name) + len(c.Value); got != size || s.Err() != nil {
			t.Errorf("Size is %d, but the cookie has %d; %v", size, got, s.Err())
		}
		if s := m.Open([]string{c.Name + "=" + c.Value}); fieldUser.Get(s.Session) != "hubo" || s.Size() != size {
			t.Errorf("a cookie of %d bytes does not open, or has another size then: %d", size, s.Size())
		}
	}
	for _, size := range []int{4097, 4098, 5000, 60_000} {
		var log eventLog
		m, s := sized(t, size, runtime.Config{OnEvent: log.record})
		lines, err := m.Seal(s)
		largest := fmt.Sprintf("Blob (%d bytes), Token (14 bytes), User (10 bytes)", len("\xa4blob\xc5..")+len(fieldBlob.Get(s.Session)))
		want := fmt.Sprintf("session: too large for a cookie: %d bytes, 4096 allowed; the largest fields are %s", size, largest)
		if lines != nil || !errors.Is(err, runtime.ErrTooLarge) || err.Error() != want || s.Err() != nil {
			t.Errorf("%d: %q, %v\nwant %s", size, lines, err, want)
		}
		log.expect(t,
			runtime.Event{Kind: runtime.EventTooLarge, Reason: fmt.Sprint(size, " bytes"), Field: "Blob", Largest: largest},
			runtime.Event{Kind: runtime.EventSaveFailed, Reason: "too large for a cookie", Field: "Blob", Largest: largest})
	}
}

func TestTooLargeNamesOtherBuilds(t *testing.T) {
	cookie := sealed(t, newManager(t, runtime.Config{}), func(s *visitor) { fieldBlob.Set(s.Session, make([]byte, 2700)) })
	m := newManagerOf(t, runtime.Config{}, &fieldUser, &fieldVisits, &fieldRoles, &fieldToken)
	s := m.Open([]string{cookie})
	fieldToken.Set(s.Session, strings.Repeat("t", 1000))
	_, err := m.Seal(s)
	if err == nil || !strings.HasSuffix(err.Error(), "the largest fields are fields of another version (2707 bytes), Token (1009 bytes)") {
		t.Error(err)
	}
}

// In a response, too large a session is one 500 with nothing of the handler's.
func TestTooLargeResponse(t *testing.T) {
	for _, size := range []int{4096, 4097} {
		var log eventLog
		m, s := sized(t, size, runtime.Config{OnEvent: log.record})
		blob := fieldBlob.Get(s.Session)
		b := newBrowser(t, m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s := from(r)
			fieldToken.Set(s.Session, "a token")
			fieldUser.Set(s.Session, "hubo")
			fieldBlob.Set(s.Session, blob)
			w.Header().Set("Content-Type", "image/png")
			w.Header().Set("Content-Length", "100000")
			w.Header().Set("Cache-Control", "public, max-age=60")
			w.WriteHeader(201)
			for range 1000 {
				if _, err := io.WriteString(w, strings.Repeat("body", 25)); size > 4096 && !errors.Is(err, runtime.ErrTooLarge) {
					t.Errorf("Write returns %v", err)
				}
			}
		})))
		resp, body := b.get("/")
		if size == 4096 {
			if resp.StatusCode != 201 || len(body) != 100_000 || len(b.cookies()) != 1 {
				t.Errorf("%d: %s, %d bytes, cookies %q", size, resp.Status, len(body), b.cookies())
			}
			continue
		}
		if resp.StatusCode != 500 || body != "Internal Server Error\n" || len(resp.Header["Set-Cookie"]) > 0 ||
			resp.Header.Get("Content-Type") != "text/plain; charset=utf-8" || resp.Header.Get("Cache-Control") != "" {
			t.Errorf("%d: %s, %q, %v", size, resp.Status, body, resp.Header)
		}
		if got := log.take(); len(got) != 2 {
			t.Errorf("events %v", got)
		}
	}
}
