package scs

import (
	"context"
	"database/sql"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/alexedwards/scs/goredisstore"
	"github.com/alexedwards/scs/sqlite3store"
	"github.com/alexedwards/scs/v2"
	"github.com/redis/go-redis/v9"
	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/codec"
	"github.com/sessiongen/sessiongen/runtime/legacy"
)

// visitor stands for a generated type with one field.
type visitor struct{ runtime.Session }

var fieldUser = runtime.Field[int64]{Index: 0, Name: "User", Key: "user", Principal: true,
	Encode: codec.EncodeInt[int64], Decode: codec.DecodeInt[int64]}

// The records of scs in SQLite and in Redis are taken over, and a log-out removes them.
func TestLegacy(t *testing.T) {
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(t.TempDir(), "sessions.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if _, err := db.Exec(`CREATE TABLE sessions (token TEXT PRIMARY KEY, data BLOB NOT NULL, expiry REAL NOT NULL)`); err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: startRedis(t)})
	t.Cleanup(func() { client.Close() })
	for name, store := range map[string]scs.Store{"sqlite": sqlite3store.NewWithCleanupInterval(db, 0), "redis": goredisstore.New(client)} {
		old := scs.New()
		old.Store = store
		ctx, err := old.Load(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		old.Put(ctx, "user", 42)
		token, _, err := old.Commit(ctx)
		if err != nil {
			t.Fatal(err)
		}
		user := newProgram(t, store)
		if got, _ := user("session="+token, nil); got != 42 {
			t.Errorf("%s: logged in as %d, want 42", name, got)
		}
		_, ours := user("session="+token, nil)
		if _, found, err := find(t, store, token); !found || err != nil {
			t.Errorf("%s: the import removed the record: %v", name, err)
		}
		user(ours, func(v *visitor) { v.Destroy() })
		if _, found, err := find(t, store, token); found || err != nil {
			t.Errorf("%s: the record outlives the log-out: %v", name, err)
		}
		for _, cookie := range []string{"session=" + token, ours} {
			if got, _ := user(cookie, nil); got != 0 {
				t.Errorf("%s: logged in as %d after the log-out", name, got)
			}
		}
	}
}

// find looks for a record; goredisstore wants a context.
func find(t *testing.T, store scs.Store, token string) ([]byte, bool, error) {
	if c, ok := store.(scs.CtxStore); ok {
		return c.FindCtx(t.Context(), token)
	}
	return store.Find(token)
}

// newProgram returns a function that makes requests to our program. It returns who is logged in, and the new cookie.
func newProgram(t *testing.T, store legacy.SCSStore) func(cookie string, do func(*visitor)) (user int64, sent string) {
	keys, err := runtime.ParseKeys(runtime.GenerateKey())
	if err != nil {
		t.Fatal(err)
	}
	m, err := runtime.NewManager(runtime.Config{
		Keys:    keys,
		Store:   runtime.NewMemoryStore(100),
		Legacy:  []runtime.LegacySource{legacy.SCS{Store: store, Until: time.Now().Add(time.Hour)}},
		OnEvent: func(context.Context, runtime.Event) {},
	}, func(s runtime.Session) visitor { return visitor{s} }, &fieldUser)
	if err != nil {
		t.Fatal(err)
	}
	return func(cookie string, do func(*visitor)) (user int64, sent string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", cookie)
		w := httptest.NewRecorder()
		m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			v := runtime.FromContext[visitor](r.Context())
			user = fieldUser.Get(v.Session)
			if do != nil {
				do(v)
			}
		})).ServeHTTP(w, r)
		if w.Code != 200 {
			t.Errorf("got status %d, want 200", w.Code)
		}
		for _, c := range w.Result().Cookies() {
			if c.MaxAge >= 0 {
				sent = c.Name + "=" + c.Value
			}
		}
		return user, sent
	}
}
