package flask

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// peer is sessiongen's side: it does the same as app.py, with the same operations.
type peer struct {
	now      atomic.Int64
	handlers map[string]http.Handler
	refused  map[string]error // configurations that the constructor does not take

	mu     sync.Mutex
	events []string
}

func newPeer() *peer {
	p := &peer{handlers: make(map[string]http.Handler), refused: make(map[string]error)}
	for name, c := range configs {
		cfg := runtime.Config{
			Insecure: true,
			Lifetime: week,
			Time:     func() time.Time { return time.Unix(p.now.Load(), 0) },
			OnEvent:  p.record,
		}
		var err error
		if cfg.Keys, err = runtime.ParseKeys(keys["one"]); err == nil && c.ours != nil {
			err = c.ours(&cfg)
		}
		sessions, errConfig := NewSessionManager(cfg)
		if err == nil {
			err = errConfig
		}
		if err != nil {
			p.refused[name] = err
			continue
		}
		p.handlers[name] = recovering(sessions.Handler(http.HandlerFunc(serveScript)))
	}
	return p
}

func (p *peer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now, err := strconv.ParseInt(r.Header.Get("X-Now"), 10, 64)
	if err != nil {
		panic(err)
	}
	p.now.Store(now)
	p.handlers[r.Header.Get("X-Config")].ServeHTTP(w, r)
}

func (p *peer) record(_ context.Context, e runtime.Event) {
	text := string(e.Kind)
	if e.Reason != "" && e.Kind == runtime.EventRefused {
		text += ": " + e.Reason
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.events = append(p.events, text)
}

// take returns the events since it was last called.
func (p *peer) take() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	events := strings.Join(p.events, ", ")
	p.events = nil
	return events
}

// recovering answers as Flask does when a handler fails.
func recovering(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if v := recover(); v == errAsked {
				http.Error(w, "", http.StatusInternalServerError)
			} else if v != nil {
				panic(v)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

var errAsked = errors.New("as asked")

func serveScript(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	reply := reply{ResponseWriter: w, status: http.StatusOK, results: []any{}}
	for line := range strings.Lines(string(text)) {
		op, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		key, value, _ := strings.Cut(rest, " ")
		reply.run(r, op, key, value)
	}
	body, err := json.Marshal(reply.results)
	if err != nil {
		panic(err)
	}
	w.WriteHeader(reply.status)
	w.Write(body)
	if reply.late != nil {
		reply.late()
	}
}

// reply has the results of a script so far, and its wishes for the response.
type reply struct {
	http.ResponseWriter
	status  int
	results []any
	late    func()
}

// run does one operation. Those that are not about the session must not touch it.
func (reply *reply) run(r *http.Request, op, key, value string) {
	switch op {
	case "status":
		status, err := strconv.Atoi(key)
		if err != nil {
			panic(err)
		}
		reply.status = status
		return
	case "header":
		reply.Header().Set(key, decode[string](value))
		return
	case "cookie":
		http.SetCookie(reply, &http.Cookie{Name: key, Value: decode[string](value), Path: "/"})
		return
	case "raise":
		panic(errAsked)
	}

	sess := SessionFrom(r.Context())
	answer := func(v any) { reply.results = append(reply.results, v) }
	switch op {
	case "get":
		answer(fields[key].get(sess, true))
	case "index":
		answer(fields[key].get(sess, false))
	case "has":
		answer(fields[key].has(sess))
	case "set":
		fields[key].set(sess, value)
	case "setdefault":
		if !fields[key].has(sess) {
			fields[key].set(sess, value)
		}
		answer(fields[key].get(sess, true))
	case "pop":
		answer(fields[key].pop(sess))
	case "append":
		sess.AppendCart(decode[string](value))
	case "put":
		sess.UpdatePrefs(func(prefs map[string]string) map[string]string {
			for k, v := range decode[map[string]string](value) {
				prefs[k] = v
			}
			return prefs
		})
	case "poke":
		sess.GetCart()[0] = decode[string](value)
	case "clear":
		sess.Clear()
	case "destroy":
		sess.Destroy()
	case "permanent":
		sess.SetPermanent(decode[bool](key))
	case "is-permanent":
		answer(sess.Permanent())
	case "new":
		answer(sess.IsNew())
	case "modified":
		answer(sess.Modified())
	case "accessed":
		answer(nil) // there is no such flag: Vary tells of a use
	case "modify":
		// This one is not needed either.
	case "all":
		answer(all(sess))
	case "late":
		reply.late = func() { fields[key].set(sess, value) }
	default:
		panic("no operation " + op)
	}
}

// field has the accessors of a field of any type. get returns null for an absent one where Flask would say None,
// unless it has a default.
type field struct {
	get func(s *Session, orNull bool) any
	has func(*Session) bool
	set func(s *Session, value string)
	pop func(*Session) any
}

var fields = map[string]field{
	"user":  accessors((*Session).GetUser, (*Session).HasUser, (*Session).SetUser, (*Session).PopUser),
	"theme": accessors((*Session).GetTheme, (*Session).HasTheme, (*Session).SetTheme, (*Session).PopTheme),
	"cart":  accessors((*Session).GetCart, (*Session).HasCart, (*Session).SetCart, (*Session).PopCart),
	"prefs": accessors((*Session).GetPrefs, (*Session).HasPrefs, (*Session).SetPrefs, (*Session).PopPrefs),
}

func accessors[T any](get func(*Session) T, has func(*Session) bool, set func(*Session, T), pop func(*Session) (T, bool)) field {
	return field{
		get: func(s *Session, orNull bool) any {
			v := get(s)
			if text, ok := any(v).(string); orNull && ok && text == "" && !has(s) {
				return nil
			}
			return v
		},
		has: has,
		set: func(s *Session, value string) { set(s, decode[T](value)) },
		pop: func(s *Session) any {
			if v, ok := pop(s); ok {
				return v
			}
			return nil
		},
	}
}

func all(s *Session) map[string]any {
	state := make(map[string]any)
	for key, f := range fields {
		if f.has(s) {
			state[key] = f.get(s, false)
		}
	}
	if s.Permanent() {
		state["permanent"] = true
	}
	return state
}

func decode[T any](text string) (v T) {
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		panic(fmt.Sprintf("%s: %v", text, err))
	}
	return v
}
