package runtime_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

func TestKeysFromSecret(t *testing.T) {
	first, second := []byte(strings.Repeat("a secret of the site; ", 2)), []byte(strings.Repeat("another one of it ", 2))
	manager := func(secrets ...[]byte) *runtime.Manager[visitor] {
		keys, err := runtime.KeysFromSecret(secrets...)
		if err != nil {
			t.Fatal(err)
		}
		return newManager(t, runtime.Config{Keys: keys})
	}
	cookie := sealed(t, manager(first), func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
	for _, c := range []struct {
		name    string
		secrets [][]byte
		want    string
	}{
		{"the same", [][]byte{bytes.Clone(first)}, "hubo"},
		{"as an older one", [][]byte{second, first}, "hubo"},
		{"another", [][]byte{second}, ""},
	} {
		if got := fieldUser.Get(manager(c.secrets...).Open(t.Context(), []string{cookie}).Session); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestKeysFromSecretErrors(t *testing.T) {
	good := []byte("0123456789abcdef0123456789abcdef")
	for _, c := range []struct {
		name    string
		secrets [][]byte
		want    string
	}{
		{"none", nil, "session: no keys: KeysFromSecret was given no secret"},
		{"empty", [][]byte{good, {}}, "session: secret 2 of 2 has 0 bytes; keys take at least 32: ReadOrCreateKeys makes some"},
		{"short", [][]byte{good[:31]}, "session: secret 1 of 1 has 31 bytes; keys take at least 32: ReadOrCreateKeys makes some"},
		{"repeated", [][]byte{bytes.Repeat([]byte("x"), 64)}, "session: secret 1 of 1 repeats one byte: ReadOrCreateKeys makes random keys"},
		{"twice", [][]byte{good, good}, "session: secret 2 of 2 is the same as secret 1"},
		{"all of it", [][]byte{[]byte("pw"), nil}, "session: secret 1 of 2 has 2 bytes; keys take at least 32: ReadOrCreateKeys makes some\n" +
			"session: secret 2 of 2 has 0 bytes; keys take at least 32: ReadOrCreateKeys makes some"},
	} {
		_, err := runtime.KeysFromSecret(c.secrets...)
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: got error %v\nwant %s", c.name, err, c.want)
		}
	}
	if _, err := runtime.KeysFromSecret(); !errors.Is(err, runtime.ErrNoKeys) {
		t.Errorf("got error %v, want ErrNoKeys", err)
	}
}

// TestReadOrCreateKeys has many processes start at once, as it were: all get one key, and that stays.
func TestReadOrCreateKeys(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "session.keys")
	var cookies sync.Map
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			keys, err := runtime.ReadOrCreateKeys(path)
			if err != nil {
				t.Error(err)
				return
			}
			cookies.Store(rand.Text(), sealed(t, newManager(t, runtime.Config{Keys: keys}), func(s *visitor) { fieldUser.Set(s.Session, "hubo") }))
		})
	}
	group.Wait()
	keys, err := runtime.ReadKeys(path)
	if err != nil {
		t.Fatal(err)
	}
	m := newManager(t, runtime.Config{Keys: keys})
	cookies.Range(func(_, cookie any) bool {
		if got := fieldUser.Get(m.Open(t.Context(), []string{cookie.(string)}).Session); got != "hubo" {
			t.Errorf("%q: two processes have different keys", got)
		}
		return true
	})
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("other users can read the keys: %v, %v", info.Mode(), err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("got %d files, want one", len(files))
	}
}

func TestReadOrCreateKeysErrors(t *testing.T) {
	dir := t.TempDir()
	if _, err := runtime.ReadOrCreateKeys(filepath.Join(dir, "none", "keys")); !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "session: creating keys: ") {
		t.Errorf("without a directory: got error %v, want ErrNotExist", err)
	}
	path := filepath.Join(dir, "keys")
	if err := os.WriteFile(path, []byte("half a ke"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := runtime.ReadOrCreateKeys(path); err == nil || strings.Contains(err.Error(), "half") {
		t.Errorf("for a bad file: got error %v, want one that shows nothing of it", err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "half a ke" {
		t.Errorf("a bad file was replaced: %q, %v", text, err)
	}
}
