package runtime_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

func TestReadKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	for name, text := range map[string]string{
		"lines":              keyB + "\n" + keyA + "\n",
		"as large as it can": keyB + "," + keyA + strings.Repeat(" ", 64<<10-2*len(keyA)-1),
	} {
		write(t, path, text)
		keys, err := runtime.ReadKeys(path)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		m := newManager(t, runtime.Config{Keys: keys})
		if !seals(t, m, keyB) || !opens(t, m, keyA) || opens(t, m, keyC) {
			t.Errorf("%s: ReadKeys returns other keys", name)
		}
	}
}

func TestReadKeysErrors(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "keys")
	for _, c := range []struct {
		name, path, text, want string
		is                     error
	}{
		{"missing", filepath.Join(dir, "none"), "",
			"session: reading keys: open " + filepath.Join(dir, "none") + ": no such file or directory", fs.ErrNotExist},
		{"a directory", dir, "", "session: reading keys: read " + dir + ": is a directory", nil},
		{"empty", path, "\n", "session: no keys in " + path + ": sessiongen key prints one", runtime.ErrNoKeys},
		{"too large", path, keyA + strings.Repeat(" ", 64<<10-len(keyA)+1),
			"session: " + path + " is too large for a file of keys: more than 65536 bytes", nil},
		{"cut off", path, keyA + "\n" + keyB[:20],
			"session: key 2 of 2 in " + path + " has 15 bytes, not 32: sessiongen key prints a good one", nil},
		{"two faults", path, keyA + "!\n" + keyB + "\n" + keyB,
			"session: key 1 of 3 in " + path + " is not base64: sessiongen key prints a good one\n" +
				"session: key 3 of 3 in " + path + " is the same as key 2", nil},
	} {
		if c.path == path {
			write(t, path, c.text)
		}
		keys, err := runtime.ReadKeys(c.path)
		if err == nil || err.Error() != c.want || keys != (runtime.Keys{}) {
			t.Errorf("%s: got error %v\nwant %s", c.name, err, c.want)
		}
		if c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: the error is not %v", c.name, c.is)
		}
	}
}
