package stores_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/codec"
)

// visitor stands for a generated type with these fields, which are too many to write down.
type visitor struct{ runtime.Session }

const (
	manyFields = 500
	manyCodes  = 20
)

var (
	fieldUser = runtime.Field[int64]{Index: 0, Name: "User", Key: "user", Principal: true,
		Encode: codec.EncodeInt[int64], Decode: codec.DecodeInt[int64]}
	fieldMark   = stringField(1, "mark")
	fieldVisits = intField(2, "visits")
	fieldCodes  [manyCodes]*runtime.Field[string]
	fieldMany   [manyFields]*runtime.Field[int]

	fields = []runtime.AnyField{&fieldUser, fieldMark, fieldVisits}
)

func init() {
	for i := range fieldCodes {
		fieldCodes[i] = stringField(len(fields), fmt.Sprint("code", i))
		fields = append(fields, fieldCodes[i])
	}
	for i := range fieldMany {
		fieldMany[i] = intField(len(fields), fmt.Sprint("many", i))
		fields = append(fields, fieldMany[i])
	}
}

func stringField(index int, name string) *runtime.Field[string] {
	return &runtime.Field[string]{Index: index, Name: name, Key: name,
		Encode: codec.EncodeString[string], Decode: codec.DecodeString[string]}
}

func intField(index int, name string) *runtime.Field[int] {
	return &runtime.Field[int]{Index: index, Name: name, Key: name,
		Encode: codec.EncodeInt[int], Decode: codec.DecodeInt[int]}
}

// An observed store counts the results of its calls.
type observed struct {
	runtime.Store
	before                  atomic.Pointer[func()] // each call
	calls, loads, conflicts atomic.Int64
}

// setBefore lets a function run before each call; it may be nil.
func (o *observed) setBefore(f func()) {
	if f == nil {
		o.before.Store(nil)
	} else {
		o.before.Store(&f)
	}
}

func (o *observed) did(f func() error) error {
	o.calls.Add(1)
	if before := o.before.Load(); before != nil {
		(*before)()
	}
	err := f()
	if err == runtime.ErrConflict {
		o.conflicts.Add(1)
	}
	return err
}

func (o *observed) Load(ctx context.Context, key string) (r runtime.Record, err error) {
	o.loads.Add(1)
	err = o.did(func() error { r, err = o.Store.Load(ctx, key); return err })
	return r, err
}

func (o *observed) Insert(ctx context.Context, key string, r runtime.Record) error {
	return o.did(func() error { return o.Store.Insert(ctx, key, r) })
}

func (o *observed) Replace(ctx context.Context, key string, version uint64, r runtime.Record) error {
	return o.did(func() error { return o.Store.Replace(ctx, key, version, r) })
}

func (o *observed) DeleteByPrincipal(ctx context.Context, principal string) error {
	return o.did(func() error { return o.Store.DeleteByPrincipal(ctx, principal) })
}

func (o *observed) DeleteAll(ctx context.Context) error {
	return o.did(func() error { return o.Store.DeleteAll(ctx) })
}

func (o *observed) Delete(ctx context.Context, key string) error {
	return o.did(func() error { return o.Store.Delete(ctx, key) })
}

// A node is a program on a store, behind a server.
type node struct {
	keys    string
	store   *observed
	manager *runtime.Manager[visitor]
	server  *httptest.Server
	client  *http.Client
	gates   []*gate // by their number

	mu     sync.Mutex
	events map[runtime.EventKind]int
}

// A gate holds requests that have loaded their session until all expected ones have.
type gate struct {
	expected sync.WaitGroup
	open     chan struct{}
}

func newGate(requests int) *gate {
	g := &gate{open: make(chan struct{})}
	g.expected.Add(requests)
	return g
}

// patience is the StoreTimeout of a healthy store: a busy machine is not a failure.
const patience = time.Minute

// newNode starts a node with its sessions in the store, or in cookies that the store can revoke.
func newNode(store runtime.Store, keys string, timeout time.Duration, revocations bool) *node {
	n := &node{keys: keys, store: &observed{Store: store}, events: make(map[runtime.EventKind]int)}
	ring, err := runtime.ParseKeys(keys)
	if err != nil {
		panic(err)
	}
	cfg := runtime.Config{
		Keys: ring, Insecure: true, OnEvent: n.record,
		StoreTimeout: timeout,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		},
	}
	if revocations {
		cfg.Revocations = n.store
	} else {
		cfg.Store = n.store
	}
	n.manager, err = runtime.NewManager(cfg, func(s runtime.Session) visitor { return visitor{s} }, fields...)
	if err != nil {
		panic(err)
	}
	n.server = httptest.NewServer(n.manager.Handler(http.HandlerFunc(n.serve)))
	n.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1000}}
	return n
}

func (n *node) close() {
	n.client.CloseIdleConnections()
	n.server.Close()
}

func startNode(t *testing.T, store runtime.Store, keys string, revocations bool) *node {
	n := newNode(store, keys, patience, revocations)
	t.Cleanup(n.close)
	return n
}

func (n *node) record(_ context.Context, e runtime.Event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.events[e.Kind]++
}

func (n *node) happened(kind runtime.EventKind) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.events[kind]
}

// hadMark is the response's header for the session's mark at loading.
const hadMark = "Had-Mark"

func (n *node) serve(w http.ResponseWriter, r *http.Request) {
	do, number := r.FormValue("do"), 0
	if text := r.FormValue("n"); text != "" {
		var err error
		if number, err = strconv.Atoi(text); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	if do == "nothing" {
		return
	}
	s := runtime.FromContext[visitor](r.Context())
	w.Header().Set(hadMark, fieldMark.Get(s.Session))
	if text := r.FormValue("gate"); text != "" {
		i, _ := strconv.Atoi(text)
		n.gates[i].expected.Done()
		<-n.gates[i].open
	}
	action, ok := actions[do]
	if !ok {
		http.Error(w, "what is "+do, http.StatusBadRequest)
		return
	}
	text, err := action(n, s, ask{number, r.FormValue("id")})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	io.WriteString(w, text)
}

// The operations of a request.
type ask struct {
	number int    // what it is about
	id     string // of the session that it revokes
}

// actions are what a request may do to its session. They return the body of the response.
var actions = map[string]func(n *node, s *visitor, a ask) (string, error){
	// New sessions are not mentioned.
	"read": func(_ *node, s *visitor, _ ask) (string, error) {
		if s.IsNew() {
			return "", nil
		}
		return "a session with " + fieldMark.Get(s.Session), nil
	},
	"begin": changing(begin),
	"set": changing(func(s *visitor, number int) {
		fieldMany[number%manyFields].Set(s.Session, number+1)
	}),
	"update": changing(func(s *visitor, _ int) {
		fieldVisits.Update(s.Session, func(n int) int { return n + 1 })
	}),
	"pop": func(_ *node, s *visitor, a ask) (string, error) {
		v, _ := fieldCodes[a.number%manyCodes].Pop(s.Session)
		return v, nil
	},
	"renew":   changing(func(s *visitor, _ int) { s.Renew() }),
	"log in":  changing(func(s *visitor, number int) { fieldUser.Set(s.Session, int64(-number)) }),
	"destroy": changing(func(s *visitor, _ int) { s.Destroy() }),
	"destroy, begin": changing(func(s *visitor, _ int) {
		s.Destroy()
		fieldVisits.Set(s.Session, 1)
	}),
	"set and clear": changing(func(s *visitor, _ int) {
		fieldVisits.Set(s.Session, 1)
		fieldVisits.Clear(s.Session)
	}),
	"revoke": func(n *node, _ *visitor, a ask) (string, error) {
		return "", n.manager.RevokeID(context.Background(), a.id)
	},
	"authenticate": changing(func(s *visitor, _ int) { s.Authenticate() }),
	"have":         func(_ *node, s *visitor, _ ask) (string, error) { return have(s), nil },
	"die": func(n *node, _ *visitor, a ask) (string, error) {
		n.dieAt(a.number)
		return "", nil
	},
	"revoke all": func(n *node, _ *visitor, _ ask) (string, error) {
		return "", n.manager.RevokeAll(context.Background())
	},
	"revoke principal": func(n *node, _ *visitor, a ask) (string, error) {
		return "", runtime.RevokeBy(context.Background(), n.manager, &fieldUser, int64(a.number))
	},
}

func changing(f func(s *visitor, number int)) func(*node, *visitor, ask) (string, error) {
	return func(_ *node, s *visitor, a ask) (string, error) {
		f(s, a.number)
		return "", nil
	}
}

// begin fills a session for the principal with this number.
func begin(s *visitor, number int) {
	fieldUser.Set(s.Session, int64(number))
	fieldMark.Set(s.Session, markOf(number))
	for i := range fieldCodes {
		fieldCodes[i].Set(s.Session, codeOf(i))
	}
}

// have describes a session's numbers: its visits, and which of the many fields are set.
func have(s *visitor) string {
	text := fmt.Sprint(fieldVisits.Get(s.Session))
	for i, f := range fieldMany {
		if f.Has(s.Session) {
			text += fmt.Sprint(" ", i)
		}
	}
	return text
}

func codeOf(n int) string { return fmt.Sprint("code ", n) }

func markOf(n int) string { return fmt.Sprint("mark of ", n) }

// A reply is the response to a request.
type reply struct {
	status  int
	body    string
	had     string   // the mark that the handler found
	cookies []string // that the session is in, or was put in, as in a Cookie header
	err     error
}

// send makes a request, without a cookie if that is "".
func (n *node) send(cookie, do string, number int, more string) reply {
	return send(n.client, n.server.URL, cookie, do, number, more)
}

func send(client *http.Client, server, cookie, do string, number int, more string) (r reply) {
	url := fmt.Sprintf("%s/?do=%s&n=%d%s", server, do, number, more)
	request, err := http.NewRequest("GET", strings.ReplaceAll(url, " ", "+"), nil)
	if err != nil {
		return reply{err: err}
	}
	if cookie != "" {
		request.Header.Set("Cookie", cookie)
	}
	response, err := client.Do(request)
	if err != nil {
		return reply{err: err}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	r = reply{status: response.StatusCode, body: string(body), had: response.Header.Get(hadMark), err: err}
	for _, c := range response.Cookies() {
		if c.MaxAge >= 0 && c.Value != "" {
			r.cookies = append(r.cookies, c.Name+"="+c.Value)
		}
	}
	return r
}

// trouble is why a request failed, nil if it did not.
func (r reply) trouble() error {
	if r.err == nil && r.status != http.StatusOK {
		return fmt.Errorf("status %d: %s", r.status, r.body)
	}
	return r.err
}

// login returns the cookie of a new session.
func (n *node) login(t *testing.T, number int) string {
	t.Helper()
	r := n.send("", "begin", number, "")
	if err := r.trouble(); err != nil || len(r.cookies) != 1 {
		t.Fatalf("the log-in sets cookies %q, error %v", r.cookies, err)
	}
	return r.cookies[0]
}
