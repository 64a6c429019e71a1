package stores_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// A secret must not appear in a store, as bytes or as text.
type secret struct {
	what  string
	bytes []byte
}

// forms are the ways in which a secret may appear.
func (s secret) forms() map[string]string {
	forms := map[string]string{
		"bytes": string(s.bytes),
		"hex":   hex.EncodeToString(s.bytes),
		"HEX":   strings.ToUpper(hex.EncodeToString(s.bytes)),
	}
	for name, e := range map[string]*base64.Encoding{"base64": base64.RawStdEncoding, "base64url": base64.RawURLEncoding} {
		for shift := range 3 { // it looks different after each number of bytes
			text := e.EncodeToString(append(make([]byte, shift), s.bytes...))
			if shift > 0 {
				text = text[shift+1:]
			}
			if (shift+len(s.bytes))%3 != 0 {
				text = text[:len(text)-1]
			}
			forms[fmt.Sprint(name, " after ", shift)] = text
		}
	}
	return forms
}

// secretsOf lists the secrets in the sessions of principals.
func secretsOf(t *testing.T, n *node, principals []int, cookies, ids []string) (all []secret) {
	t.Helper()
	add := func(what string, b []byte) { all = append(all, secret{what, b}) }
	decode := func(text string) []byte {
		b, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	add("key", decode(n.keys))
	add("key's text", []byte(n.keys))
	for _, p := range principals {
		add("principal", binary.BigEndian.AppendUint64(nil, uint64(p)))
		add("principal, little-endian", binary.LittleEndian.AppendUint64(nil, uint64(p)))
		add("principal's digits", []byte(strconv.Itoa(p)))
		add("mark", []byte(markOf(p)))
	}
	add("code", []byte("code 1"))
	for _, id := range ids {
		add("id", decode(id))
		add("id's text", []byte(id))
	}
	for _, cookie := range cookies {
		_, value, _ := strings.Cut(cookie, "=")
		add("cookie", decode(value))
		add("cookie's text", []byte(value))
	}
	return all
}

// live makes requests that leave a record of each kind, and returns the sessions' cookies and ids.
func live(t *testing.T, n *node, principal int) (cookies, ids []string) {
	t.Helper()
	for i, todo := range [][]string{
		{"revoke principal", "update"},
		nil, {"update"}, {"set", "pop"}, {"renew"}, {"log in"}, {"destroy"}, {"renew", "destroy, begin"}, {"revoke"},
	} {
		principal := principal + min(i, 1) // the first one's sessions are revoked
		cookie := n.login(t, principal)
		for _, do := range append(todo, "read") {
			cookies = append(cookies, cookie)
			id := n.manager.Open(t.Context(), []string{cookie}).ID()
			ids = append(ids, id)
			r := n.send(cookie, do, principal, "&id="+id)
			if err := r.trouble(); err != nil {
				t.Fatalf("%s: %v", do, err)
			}
			if len(r.cookies) > 0 {
				cookie = r.cookies[0]
			}
		}
	}
	return cookies, ids
}

// Somebody who has the whole content of a store learns nothing.
func TestStoresLearnNothing(t *testing.T) {
	const principal = math.MaxInt64/3 + 0x1234567
	each(t, func(t *testing.T, b backend) {
		for _, mode := range []string{"store", "cookies"} {
			t.Run(mode, func(t *testing.T) {
				store, where := b.open(t)
				n := startNode(t, store, runtime.GenerateKey(), mode == "cookies")
				cookies, ids := live(t, n, principal)

				// Unsealed data must be found.
				known := []secret{{"data", []byte("data that is not sealed")}, {"key", []byte("a-key-that-is-not-hashed")},
					{"principal", []byte("a-principal-that-is-not-hashed")}}
				err := store.Insert(t.Context(), string(known[1].bytes), runtime.Record{Version: 1, Data: known[0].bytes,
					Principal: string(known[2].bytes), Expires: time.Now().Add(time.Hour)})
				if err != nil {
					t.Fatal(err)
				}
				dump := b.dump(t, where)
				for _, s := range known {
					if !bytes.Contains(dump, s.bytes) {
						t.Fatalf("the dump does not show the %s", s.what)
					}
				}
				all := secretsOf(t, n, []int{principal, principal + 1, -principal - 1}, cookies, ids)
				for _, s := range all {
					for form, text := range s.forms() {
						if bytes.Contains(dump, []byte(text)) {
							t.Errorf("the store shows a session's %s as %s: %q", s.what, form, text)
						}
					}
				}
				t.Logf("%d secrets, dump of %d bytes", len(all), len(dump))
			})
		}
	})
}

// Visitors without anything to store leave no trace.
func TestAnonymousRequestsStoreNothing(t *testing.T) {
	const requests = 10_000
	each(t, func(t *testing.T, b backend) {
		for _, mode := range []string{"store", "cookies"} {
			t.Run(mode, func(t *testing.T) {
				store, where := b.open(t)
				n := startNode(t, store, runtime.GenerateKey(), mode == "cookies")
				before := b.count(t, where)
				var group sync.WaitGroup
				const clients = 20
				doing := []string{"nothing", "read", "pop", "set and clear"}
				for c := range clients {
					group.Go(func() {
						for i := range requests / clients {
							do := doing[(c+i)%len(doing)]
							r := n.send("", do, 0, "")
							if err := r.trouble(); err != nil || len(r.cookies) > 0 {
								t.Errorf("%s: got cookies %q, error %v, want none", do, r.cookies, err)
							}
						}
					})
				}
				group.Wait()
				most := int64(0)
				if mode == "cookies" { // who begins a session asks what was revoked until then
					most = requests / int64(len(doing))
				}
				if calls, loads := n.store.calls.Load(), n.store.loads.Load(); calls > most || calls != loads {
					t.Errorf("got %d calls of the store, %d of them loads", calls, loads)
				}
				if after := b.count(t, where); before != 0 || after != 0 {
					t.Errorf("got %d records before and %d after, want none", before, after)
				}
				n.login(t, 1)
				if mode == "store" && b.count(t, where) == 0 {
					t.Error("the test does not count the records")
				}
			})
		}
	})
}
