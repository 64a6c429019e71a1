package stores_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/sessiongen/sessiongen/internal/proxytest"
	"github.com/sessiongen/sessiongen/runtime"
)

// storeTimeout is the Config.StoreTimeout of a program whose store is in trouble, and slack is how much later a
// response may be. The limit of 50 ms is for an idle machine; the table that the test prints shows it.
const (
	storeTimeout = 600 * time.Millisecond
	slack        = 500 * time.Millisecond
	recovery     = 3 * time.Second // again, 1 s on such a machine
)

// trouble is a fault of a store.
type trouble struct {
	begin, end func()
	reads      bool // the store can still be read
	begins     bool // new sessions are no problem
	unsure     bool // what is said to have failed may have been done
}

// A troubled program has its store behind a proxy, if the store is on a server.
type troubled struct {
	backend
	t     *testing.T
	node  *node
	where string
	proxy *proxytest.Proxy
	own   *sql.DB // the program's, nil for Redis
	db    *sql.DB // not through the proxy; for SQLite, the program's
	redis *redis.Client
	store *interrupted
}

// An interrupted store is told about each change.
type interrupted struct {
	runtime.Store
	before, after func()
}

func (s *interrupted) Insert(ctx context.Context, key string, r runtime.Record) error {
	s.before()
	defer s.after()
	return s.Store.Insert(ctx, key, r)
}

func (s *interrupted) Replace(ctx context.Context, key string, version uint64, r runtime.Record) error {
	s.before()
	defer s.after()
	return s.Store.Replace(ctx, key, version, r)
}

var address = regexp.MustCompile(`127\.0\.0\.1:\d+`)

func newTroubled(t *testing.T, b backend) *troubled {
	p := &troubled{backend: b, t: t}
	_, p.where = b.open(t)
	through := b
	if b.server != "" {
		p.proxy = proxytest.Start(t, address.FindString(b.server))
		through.server = address.ReplaceAllLiteralString(b.server, p.proxy.Addr())
	}
	store, db, err := through.reopenDB(p.where)
	p.must(err)
	p.own = db
	switch b.name {
	case "Redis":
		p.redis = b.redis(t)
	case "SQLite":
		db.SetMaxOpenConns(1) // its settings are a connection's
		p.db = db
	default:
		_, p.db, err = b.reopenDB(p.where)
		p.must(err)
		t.Cleanup(func() { p.db.Close() })
	}
	if db != nil {
		t.Cleanup(func() { db.Close() })
	}
	none := func() {}
	p.store = &interrupted{store, none, none}
	p.node = newNode(p.store, runtime.GenerateKey(), storeTimeout, false)
	t.Cleanup(p.node.close)
	return p
}

func (p *troubled) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *troubled) exec(queries ...string) {
	p.t.Helper()
	for _, q := range queries {
		_, err := p.db.ExecContext(p.t.Context(), strings.ReplaceAll(q, "TABLE_NAME", p.quoted(p.where)))
		p.must(err)
	}
}

// reconnect gives the program new connections, so that new settings of the server apply.
func (p *troubled) reconnect() {
	p.own.SetMaxIdleConns(0)
	p.own.SetMaxIdleConns(20)
}

// troubles are the faults of a store.
func (p *troubled) troubles() map[string]trouble {
	all := make(map[string]trouble)
	if p.proxy != nil {
		for name, w := range map[string]proxytest.Weather{"refused": proxytest.Closed, "hanging": proxytest.Silent, "slow": proxytest.Slow} {
			all[name] = trouble{
				begin: func() { p.proxy.Become(p.t, w) },
				end:   func() { p.proxy.Become(p.t, proxytest.Fair) },
			}
		}
		all["reset after write"] = trouble{
			begin: func() {
				p.store.before = func() { p.proxy.Become(p.t, proxytest.Torn) }
				p.store.after = func() { p.proxy.Become(p.t, proxytest.Fair) }
			},
			end:    func() { p.store.before, p.store.after = func() {}, func() {} },
			reads:  true,
			unsure: true,
		}
	}
	switch p.name {
	case "Redis":
		set := func(name, value string) func() {
			return func() { p.must(p.redis.ConfigSet(p.t.Context(), name, value).Err()) }
		}
		all["read-only"] = trouble{begin: set("min-replicas-to-write", "1"), end: set("min-replicas-to-write", "0"), reads: true}
		all["full"] = trouble{begin: set("maxmemory", "1"), end: set("maxmemory", "0"), reads: true}
		all["corrupt"] = p.corruptRedis()
		return all
	case "SQLite":
		all["read-only"] = trouble{begin: func() { p.exec("PRAGMA query_only = 1") }, end: func() { p.exec("PRAGMA query_only = 0") }, reads: true}
		all["full"] = trouble{
			begin: func() {
				// The database may not grow any more.
				p.exec("CREATE TABLE filling (b)", "INSERT INTO filling VALUES (zeroblob(100000))", "PRAGMA max_page_count = 1")
				p.exec("CREATE TRIGGER grows AFTER INSERT ON TABLE_NAME BEGIN INSERT INTO filling VALUES (zeroblob(100000)); END",
					"CREATE TRIGGER grows_too AFTER UPDATE ON TABLE_NAME BEGIN INSERT INTO filling VALUES (zeroblob(100000)); END")
			},
			end:   func() { p.exec("PRAGMA max_page_count = 1073741823", "DROP TRIGGER grows", "DROP TRIGGER grows_too") },
			reads: true,
		}
	case "PostgreSQL":
		readOnly := func(value string) func() {
			return func() {
				p.exec("ALTER SYSTEM SET default_transaction_read_only = "+value, "SELECT pg_reload_conf()")
				p.reconnect()
			}
		}
		all["read-only"] = trouble{begin: readOnly("on"), end: readOnly("off"), reads: true}
		all["full"] = trouble{
			begin: func() {
				p.exec(`CREATE OR REPLACE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
					$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$`,
					"CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON TABLE_NAME FOR EACH ROW EXECUTE FUNCTION full_disk()")
			},
			end:   func() { p.exec("DROP TRIGGER full_disk ON TABLE_NAME") },
			reads: true,
		}
	case "MariaDB":
		readOnly := func(value string) func() {
			return func() {
				p.exec("SET GLOBAL tx_read_only = " + value)
				p.reconnect()
			}
		}
		all["read-only"] = trouble{begin: readOnly("1"), end: readOnly("0"), reads: true}
		signal := " ON TABLE_NAME FOR EACH ROW SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1114, MESSAGE_TEXT = 'The table is full'"
		all["full"] = trouble{
			begin: func() {
				p.exec("CREATE TRIGGER full_insert BEFORE INSERT"+signal, "CREATE TRIGGER full_update BEFORE UPDATE"+signal)
			},
			end:   func() { p.exec("DROP TRIGGER full_insert", "DROP TRIGGER full_update") },
			reads: true,
		}
	}
	all["corrupt"] = p.corruptSQL()
	all["locked"] = p.lock()
	return all
}

func (p *troubled) corruptRedis() trouble {
	const seal = 20 // the bytes of a record that say nothing of its content are before this
	old := make(map[string]string)
	return trouble{
		begin: func() {
			for _, key := range p.keys(p.t, p.where+"r:") {
				value, err := p.redis.Get(p.t.Context(), key).Result()
				p.must(err)
				old[key] = value
				p.must(p.redis.SetRange(p.t.Context(), key, int64(len(value)-seal), "garbage").Err())
			}
		},
		end: func() {
			for key, value := range old {
				p.must(p.redis.SetRange(p.t.Context(), key, 0, value).Err())
			}
		},
		begins: true,
	}
}

func (p *troubled) corruptSQL() trouble {
	old := make(map[string][]byte)
	set := func(key string, data []byte) {
		_, err := p.db.ExecContext(p.t.Context(), p.placed("UPDATE TABLE_NAME SET data = ? WHERE KEY = ?"), data, key)
		p.must(err)
	}
	return trouble{
		begin: func() {
			rows, err := p.db.QueryContext(p.t.Context(), p.placed("SELECT KEY, data FROM TABLE_NAME"))
			p.must(err)
			for rows.Next() {
				var key string
				var data []byte
				p.must(rows.Scan(&key, &data))
				old[key] = data
			}
			p.must(rows.Err())
			for key, data := range old {
				set(key, append(slices.Clone(data[:len(data)/2]), "garbage"...))
			}
		},
		end: func() {
			for key, data := range old {
				set(key, data)
			}
		},
		begins: true,
	}
}

// placed writes a query in the backend's dialect.
func (p *troubled) placed(q string) string {
	key := `"key"`
	switch p.driver {
	case "mysql":
		key = "`key`"
	case "pgx":
		for i := 1; strings.Contains(q, "?"); i++ {
			q = strings.Replace(q, "?", "$"+strconv.Itoa(i), 1)
		}
	}
	return strings.NewReplacer("TABLE_NAME", p.quoted(p.where), "KEY", key).Replace(q)
}

// lock is another transaction that never ends.
func (p *troubled) lock() trouble {
	var other *sql.DB
	var tx *sql.Tx
	return trouble{
		begin: func() {
			var err error
			_, other, err = p.reopenDB(p.where)
			p.must(err)
			tx, err = other.BeginTx(p.t.Context(), nil)
			p.must(err)
			_, err = tx.ExecContext(p.t.Context(), p.placed("UPDATE TABLE_NAME SET version = version"))
			p.must(err)
		},
		end: func() {
			p.must(tx.Rollback())
			p.must(other.Close())
		},
		reads:  true,
		begins: p.name == "PostgreSQL", // the others lock all, or the places between
		unsure: p.name == "MariaDB",    // whose driver does not recall what waits
	}
}

// An answer is the response that a request gets from a troubled program.
type answer struct {
	status  int
	body    string
	cookies []string
	took    time.Duration
	events  int // that say that the store failed
}

func (p *troubled) ask(cookie, do string) answer {
	p.t.Helper()
	before := p.node.happened(runtime.EventStoreFailed)
	r, err := http.NewRequest("GET", p.node.server.URL+"/?do="+strings.ReplaceAll(do, " ", "+"), nil)
	p.must(err)
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	start := time.Now()
	response, err := p.node.client.Do(r)
	p.must(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	p.must(err)
	return answer{
		response.StatusCode, string(body), response.Header["Set-Cookie"], time.Since(start),
		p.node.happened(runtime.EventStoreFailed) - before,
	}
}

// A store that fails costs requests an error, and nothing else.
func TestTroubles(t *testing.T) {
	each(t, func(t *testing.T, b backend) {
		p := newTroubled(t, b)
		troubles := p.troubles()
		var names []string
		for name := range troubles {
			names = append(names, name)
		}
		slices.Sort(names)
		lines := []string{fmt.Sprintf("%-18s %28s %12s", b.name, "latest response", "recovery")}
		for _, name := range names {
			t.Run(name, func(t *testing.T) {
				p.t = t
				late, recovered := p.suffer(troubles[name])
				lines = append(lines, fmt.Sprintf("%-18s %12v + %4d ms %15d ms", name, storeTimeout, late.Milliseconds(), recovered.Milliseconds()))
			})
		}
		t.Log(strings.Join(lines, "\n"))
	})
}

// warmUp waits until a log-in succeeds: on a busy machine, the first calls of a database may take
// longer than the short timeout.
func (p *troubled) warmUp() {
	for start := time.Now(); p.node.send("", "begin", 0, "").trouble() != nil; {
		if time.Since(start) > recovery {
			p.t.Fatal("no log-in succeeds")
		}
	}
}

// suffer makes every kind of request during some trouble, and after it.
func (p *troubled) suffer(trouble trouble) (late, recovered time.Duration) {
	t, n := p.t, p.node
	sessions := make(map[string]string)
	for i, do := range []string{"read", "update", "pop", "renew", "destroy"} {
		p.warmUp()
		sessions[do] = n.login(t, i)
	}
	ended := false
	end := func() {
		if !ended {
			ended = true
			trouble.end()
		}
	}
	trouble.begin()
	defer end()

	late = -storeTimeout
	for _, do := range []string{"nothing", "read", "update", "pop", "renew", "destroy", "begin"} {
		want := http.StatusServiceUnavailable
		if do == "nothing" || do == "read" && trouble.reads || do == "begin" && trouble.begins {
			want = http.StatusOK
		}
		a := p.ask(sessions[do], do)
		for tries := 1; a.took-storeTimeout > slack && tries < 3; tries++ { // the machine may have been busy
			a = p.ask(sessions[do], do)
		}
		if a.status != want || (want != http.StatusOK) != (a.events > 0) {
			t.Errorf("%s: got status %d, want %d, and %d events: %s", do, a.status, want, a.events, a.body)
		}
		if want != http.StatusOK && len(a.cookies) > 0 {
			t.Errorf("%s: a failed request sets the cookies %q", do, a.cookies)
		}
		if do == "read" && want == http.StatusOK && a.body != "a session with "+markOf(0) {
			t.Errorf("%s: got body %q", do, a.body)
		}
		late = max(late, a.took-storeTimeout)
	}
	if late > slack {
		t.Errorf("a response came %v after the timeout", late)
	}

	end()
	start := time.Now()
	for {
		if a := p.ask(sessions["read"], "update"); a.status == http.StatusOK {
			break
		}
		time.Sleep(5 * time.Millisecond)
		if time.Since(start) > recovery {
			t.Fatal("the store does not recover")
		}
	}
	recovered = time.Since(start)
	for i, do := range []string{"read", "update", "pop", "renew", "destroy"} {
		a := p.ask(sessions[do], "read")
		lives := a.status == http.StatusOK && a.body == "a session with "+markOf(i)
		gone := trouble.unsure && a.status == http.StatusOK && a.body == "" && (do == "renew" || do == "destroy")
		if !lives && !gone {
			t.Errorf("%s, afterwards: got status %d, %q", do, a.status, a.body)
		}
	}
	return late, recovered
}
