package migrate

import (
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/sessiongen/sessiongen/migrate"
)

// byHand limits the lines that are changed by hand, in all shops together.
const byHand = 25

// TestShops migrates a shop from each library: log-in, flash messages, remember me, a cart, wrappers in another
// package, two session names. One table of what visitors see holds before and afterwards. The patch in the archive
// does what the report leaves to the user.
func TestShops(t *testing.T) {
	names, err := filepath.Glob("testdata/shops/*.txtar")
	if err != nil || len(names) != 4 {
		t.Fatalf("got error %v, %d shops", err, len(names))
	}
	var lines atomic.Int64
	each(t, names, func(t *testing.T, name string) { lines.Add(int64(move(t, name))) })
	if n := lines.Load(); n > byHand {
		t.Errorf("got %d lines changed by hand, want at most %d", n, byHand)
	}
	t.Logf("%d lines by hand", lines.Load())
}

// move migrates a shop, and returns how many of its lines are changed by hand.
func move(t *testing.T, archive string) (lines int) {
	files := parse(t, archive).Files
	var patch string
	files = slices.DeleteFunc(files, func(f txtar.File) bool {
		if f.Name == "hand.patch" {
			patch = string(f.Data)
		}
		return f.Name == "hand.patch"
	})
	files = append(files, txtar.File{Name: "site/shop_test.go", Data: read(t, "testdata/shop_test.go.txt")})
	dir := unpack(t, files)
	if out, err := run(t, dir, "go", "test", "./..."); err != nil {
		t.Fatalf("before the run, go test: %v\n%s", err, out)
	}

	before := snapshot(t, dir)
	res := moved(t, dir)
	if snapshot(t, dir) != before {
		t.Error("Run changed files before Write")
	}
	report(t, res)
	if err := res.Write(); err != nil {
		t.Fatal(err)
	}
	lines = apply(t, dir, patch, res)
	if out, err := run(t, dir, "go", "vet", "./..."); err != nil {
		t.Fatalf("after the run, go vet: %v\n%s", err, out)
	}
	if out, err := run(t, dir, "go", "test", "-count=1", "./..."); err != nil {
		t.Errorf("after the run, go test: %v\n%s", err, out)
	}
	again(t, dir)
	return lines
}

func report(t *testing.T, res *migrate.Result) {
	t.Log("\n" + res.String())
	for _, l := range res.Left {
		t.Log(l)
	}
}

// apply makes the changes by hand that the report names, and no others. A replaced line counts once.
func apply(t *testing.T, dir, patch string, res *migrate.Result) (lines int) {
	t.Helper()
	if patch == "" {
		if len(res.Left) > 0 {
			t.Errorf("%d places are left, but there is no patch", len(res.Left))
		}
		return 0
	}
	put(t, dir, []txtar.File{{Name: "hand.patch", Data: []byte(patch)}})
	if out, err := run(t, dir, "git", "apply", "hand.patch"); err != nil {
		t.Fatalf("git apply: %v\n%s", err, out)
	}
	for hunk := range strings.SplitSeq(patch, "\n@@") {
		added, removed := 0, 0
		for line := range strings.Lines(hunk) {
			switch name, isFile := strings.CutPrefix(line, "+++ b/"); {
			case isFile:
				requireNamed(t, strings.TrimSpace(name), res)
			case strings.HasPrefix(line, "+"):
				added++
			case strings.HasPrefix(line, "-") && !strings.HasPrefix(line, "---"):
				removed++
			}
		}
		lines += max(added, removed)
	}
	return lines
}

// requireNamed fails unless the report names a place in a file.
func requireNamed(t *testing.T, name string, res *migrate.Result) {
	t.Helper()
	if !slices.ContainsFunc(res.Left, func(l migrate.Left) bool { return filepath.ToSlash(l.Pos.Filename) == name }) {
		t.Errorf("the patch changes %s, but the report names no place there", name)
	}
}

// again runs the command a second time: it changes nothing.
func again(t *testing.T, dir string) {
	t.Helper()
	before := snapshot(t, dir)
	res, err := migrate.Run(migrate.Config{Dir: dir, Patterns: []string{"./..."}})
	if err == nil {
		if err := res.Write(); err != nil {
			t.Fatal(err)
		}
	}
	if snapshot(t, dir) != before {
		t.Errorf("a second run changes files, error %v", err)
	}
}
