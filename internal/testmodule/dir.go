package testmodule

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"testing"
)

// Dir returns an empty directory for modules, and removes it after the test. It is t.TempDir but for its path, which has no
// symbolic links and is the same in each run, so that the build cache knows the packages in it: a compiled package depends
// on its directory. With -trimpath it does not, but everything of the standard library would be compiled once more.
func Dir(t testing.TB) string {
	t.Helper()
	base, err := base()
	if err != nil {
		t.Logf("the build cache does not know the directories of this run: %v", err)
		dir, err := filepath.EvalSymlinks(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		return dir
	}
	dir := filepath.Join(base, unsafeChars.ReplaceAllString(t.Name(), "-"), next(t))
	if err := os.RemoveAll(dir); err != nil { // of a run that was killed
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// unsafeChars are what names of tests have and names of files should not.
var unsafeChars = regexp.MustCompile(`[^\w.-]+`)

// lock is kept open while the process runs.
var lock *os.File

// base is the directory of the tests of this package. One process at a time has it.
var base = sync.OnceValues(func() (string, error) {
	working, err := os.Getwd()
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(working))
	dir := filepath.Join(cache, "sessiongen-tests", fmt.Sprintf("%s-%x", filepath.Base(working), sum[:4]))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return "", err
	}
	if lock, err = os.Create(filepath.Join(dir, "lock")); err != nil {
		return "", err
	}
	if err := tryLock(lock); err != nil {
		return "", err
	}
	if !testing.Short() {
		err = prepare(filepath.Join(cache, "sessiongen-tests", "prepare.lock"))
	}
	return dir, err
})

// prepare has what all modules import compiled and vetted. Otherwise, with empty caches, the tests of several packages
// and several tests of one package would do that at once, each for itself.
func prepare(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := waitLock(f); err != nil {
		return err
	}
	root, err := Root()
	if err != nil {
		return err
	}
	cmd := exec.Command("go", "vet", "./runtime")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go vet ./runtime: %w\n%s", err, out)
	}
	return nil
}

var (
	mu    sync.Mutex
	count = map[string]int{}
)

// next numbers the directories of a test.
func next(t testing.TB) string {
	mu.Lock()
	defer mu.Unlock()
	count[t.Name()]++
	t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		delete(count, t.Name())
	})
	return strconv.Itoa(count[t.Name()])
}
