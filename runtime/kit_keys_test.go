package runtime_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// must fails the test unless an operation on files worked.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t testing.TB, path, text string) {
	t.Helper()
	must(t, os.WriteFile(path, []byte(text), 0o600))
}

// opens reports whether m opens what the key seals, and seals whether what m seals is
// opened by the key alone.
func opens(t testing.TB, m *runtime.Manager[visitor], key string) bool {
	return passes(t, newManager(t, runtime.Config{Keys: parseKeys(t, key)}), m)
}

func seals(t testing.TB, m *runtime.Manager[visitor], key string) bool {
	return passes(t, m, newManager(t, runtime.Config{Keys: parseKeys(t, key)}))
}

func passes(t testing.TB, from, to *runtime.Manager[visitor]) bool {
	t.Helper()
	cookie := sealed(t, from, func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
	return !to.Open(t.Context(), []string{cookie}).IsNew()
}

// noKey checks that a text shows no part of a key, in any of the usual forms.
func noKey(t *testing.T, text, key string) {
	t.Helper()
	raw, _ := base64.RawURLEncoding.DecodeString(key)
	part := raw[9:17]
	var decimals, quoted, goSyntax []string
	for _, b := range part {
		decimals = append(decimals, fmt.Sprintf("%d", b))
		quoted = append(quoted, fmt.Sprintf("0x%x", b))
		goSyntax = append(goSyntax, fmt.Sprintf("%b", b))
	}
	for _, form := range []string{
		key[8:20], string(part), hex.EncodeToString(part), strings.ToUpper(hex.EncodeToString(part)),
		strings.Join(decimals, " "), strings.Join(decimals, ", "), strings.Join(decimals, ","),
		strings.Join(quoted, ", "), strings.Join(goSyntax, " "), base64.StdEncoding.EncodeToString(part)[:9],
		fmt.Sprintf("%q", part)[1:8],
	} {
		if strings.Contains(text, form) {
			t.Errorf("the text shows %q, which is of a key:\n%s", form, text)
		}
	}
}

const (
	keyFileInterval = 10 * time.Second
	keyFilePause    = time.Second
)

var (
	replaced  = runtime.Event{Kind: runtime.EventKeysRead, Reason: runtime.KeysReplaced}
	unchanged = runtime.Event{Kind: runtime.EventKeysRead, Reason: runtime.KeysUnchanged}
)

// A watched is a manager that watches a file of keys with keyA, within a bubble.
type watched struct {
	*testing.T
	*runtime.Manager[visitor]
	eventLog  // of the keys
	dir, path string
}

func watchKeys(t *testing.T) *watched {
	w := &watched{T: t, dir: t.TempDir()}
	w.path = filepath.Join(w.dir, "keys")
	write(t, w.path, keyA+"\n")
	keys, err := runtime.ReadKeys(w.path)
	must(t, err)
	w.Manager = newManager(t, runtime.Config{Keys: keys, OnEvent: func(ctx context.Context, e runtime.Event) {
		if e.Kind == runtime.EventKeysRead || e.Kind == runtime.EventKeysFailed {
			w.record(ctx, e)
		}
	}})
	go w.WatchKeys(t.Context(), w.path)
	synctest.Wait()
	return w
}

// after lets a time pass, and checks which events there were.
func (w *watched) after(d time.Duration, want ...runtime.Event) {
	w.Helper()
	time.Sleep(d)
	synctest.Wait()
	w.expect(w, want...)
}
