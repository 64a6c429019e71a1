package output

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sessiongen/sessiongen/schema"
)

const ours = schema.Header + "\n\npackage p\n"

func put(t *testing.T, name, content string, mode fs.FileMode) {
	t.Helper()
	if err := errors.Join(os.WriteFile(name, []byte(content), 0o600), os.Chmod(name, mode)); err != nil {
		t.Fatal(err)
	}
}

func writing(t *testing.T, name, content string) Change {
	t.Helper()
	c, ok, err := Writing(name, []byte(content))
	if err != nil || !ok {
		t.Fatalf("%s: got %v, %v, want a change", name, ok, err)
	}
	return c
}

func holds(t *testing.T, name, want string) {
	t.Helper()
	if got, err := os.ReadFile(name); err != nil || string(got) != want {
		t.Errorf("%s has %q, %v; want %q", name, got, err, want)
	}
}

// names lists a directory, in order.
func names(t *testing.T, dir string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// A link stays a link. The file that it leads to changes, and keeps its mode.
func TestLink(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	link, target := filepath.Join(dir, "link.go"), filepath.Join(elsewhere, "target.go")
	put(t, target, ours, 0o754)
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	if err := Apply([]Change{writing(t, link, ours+"// new\n")}); err != nil {
		t.Fatal(err)
	}
	holds(t, target, ours+"// new\n")
	if info, err := os.Stat(target); err != nil || info.Mode() != 0o754 {
		t.Errorf("got mode %v, %v", info.Mode(), err)
	}
	if got, err := os.Readlink(link); err != nil || got != target {
		t.Errorf("the link leads to %q, %v, want %s", got, err, target)
	}
	if a, b := names(t, dir), names(t, elsewhere); len(a) != 1 || len(b) != 1 {
		t.Errorf("the directories have %q, %q, want one file each", a, b)
	}
}

// The remains of an interrupted write are ours; any other file without the header is not.
func TestOurs(t *testing.T) {
	for content, want := range map[string]bool{
		"":                                   true,
		"\n":                                 true,
		schema.Header[:1]:                    true,
		schema.Header[:len(schema.Header)-1]: true,
		schema.Header:                        true,
		"// Licence\r\n\r\n" + schema.Header + "\r\n": true,
		schema.Header + " Or do.\n":                   false,
		" " + schema.Header + "\npackage p\n":         false,
		"package p\n\n" + schema.Header + "\n":        false,
		schema.Header[:20] + "\npackage p\n":          false,
	} {
		name := filepath.Join(t.TempDir(), "session_gen.go")
		put(t, name, content, 0o644)
		c, changed, err := Writing(name, []byte(ours))
		foreign, refused := errors.AsType[*ForeignError](err)
		if refused == want || refused && foreign.Path != name || !refused && (err != nil || !changed) {
			t.Errorf("%q: got %v, %v", content, changed, err)
		}
		if _, err := Removal(name); (err == nil) != want {
			t.Errorf("Removal of %q returns %v", content, err)
		}
		if want && (c.Old == nil || string(c.Old) != content) {
			t.Errorf("the change of %q has the old content %q", content, c.Old)
		}
		holds(t, name, content)
	}
}

// An empty file is not the same as no file.
func TestEmpty(t *testing.T) {
	name := filepath.Join(t.TempDir(), "session_gen.go")
	if c, changed, err := Writing(name, nil); !changed || err != nil || c.Old != nil {
		t.Errorf("for no content: got %v, %v, %q", changed, err, c.Old)
	}
	put(t, name, "", 0o644)
	if _, changed, err := Writing(name, []byte{}); changed || err != nil {
		t.Errorf("for empty content: got %v, %v", changed, err)
	}
}

// If the second file cannot be prepared or replaced, the first is unchanged, and no temporary file
// is left.
func TestApplyFails(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(second string) error
		first string // afterwards
		want  []string
	}{
		"prepare": {func(second string) error { return os.RemoveAll(filepath.Dir(second)) }, ours, nil},
		"replace": {func(second string) error { return os.Mkdir(second, 0o755) }, ours, []string{"session_gen.go"}},
	} {
		first := filepath.Join(t.TempDir(), "session_gen.go")
		second := filepath.Join(t.TempDir(), "sub", "session_gen.go")
		put(t, first, ours, 0o644)
		if err := os.Mkdir(filepath.Dir(second), 0o755); err != nil {
			t.Fatal(err)
		}
		changes := []Change{writing(t, first, ours+"// new\n"), writing(t, second, ours)}
		if err := test.spoil(second); err != nil {
			t.Fatal(err)
		}
		if err := Apply(changes); err == nil {
			t.Errorf("%s: Apply succeeds", name)
		}
		holds(t, first, test.first)
		if got := names(t, filepath.Dir(first)); !slices.Equal(got, []string{"session_gen.go"}) {
			t.Errorf("%s: the directory of the first file has %q", name, got)
		}
		if test.want != nil {
			if got := names(t, filepath.Dir(second)); !slices.Equal(got, test.want) {
				t.Errorf("%s: the directory of the second file has %q", name, got)
			}
		}
	}
}

// After a failure, new files are removed, and removed files return with their mode.
func TestApplyUndone(t *testing.T) {
	dir := t.TempDir()
	kept, removed, made, last := filepath.Join(dir, "kept.go"), filepath.Join(dir, "removed_gen.go"), filepath.Join(dir, "made.go"), filepath.Join(dir, "last.go")
	put(t, kept, "package a\n", 0o755)
	put(t, removed, ours, 0o600)
	var changes []Change
	for _, make := range []func() (Change, error){
		func() (Change, error) { return Edit(kept, []byte("package a\n"), []byte("package b\n")) },
		func() (Change, error) { return Removal(removed) },
		func() (Change, error) { return Edit(made, nil, []byte("package c\n")) },
		func() (Change, error) { return Edit(last, nil, []byte("package d\n")) },
	} {
		c, err := make()
		if err != nil {
			t.Fatal(err)
		}
		changes = append(changes, c)
	}
	if err := os.Mkdir(last, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Apply(changes); err == nil {
		t.Fatal("Apply succeeds")
	}
	holds(t, kept, "package a\n")
	holds(t, removed, ours)
	if got := names(t, dir); !slices.Equal(got, []string{"kept.go", "last.go", "removed_gen.go"}) {
		t.Errorf("the directory has %q", got)
	}
	for name, mode := range map[string]fs.FileMode{kept: 0o755, removed: 0o600} {
		if info, err := os.Stat(name); err != nil || info.Mode() != mode {
			t.Errorf("%s: got mode %v, %v, want %v", name, info.Mode(), err, mode)
		}
	}
}

// A hand-written file changes only if it still has the content that was read.
func TestEdit(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "a.go")
	put(t, name, "package a\n", 0o754)
	if _, err := Edit(name, []byte("package b\n"), []byte("package c\n")); err == nil {
		t.Error("Edit accepts a file that changed meanwhile")
	}
	if _, err := Edit(name, nil, []byte("package c\n")); err == nil {
		t.Error("Edit accepts an existing file as a new one")
	}
	c, err := Edit(name, []byte("package a\n"), []byte("package c\n"))
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := Edit(filepath.Join(dir, "b.go"), nil, []byte("package b\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := Apply([]Change{c, fresh}); err != nil {
		t.Fatal(err)
	}
	holds(t, name, "package c\n")
	holds(t, filepath.Join(dir, "b.go"), "package b\n")
	if info, err := os.Stat(name); err != nil || info.Mode() != 0o754 {
		t.Errorf("got mode %v, %v", info.Mode(), err)
	}
}
