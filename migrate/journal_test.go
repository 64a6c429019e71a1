package migrate

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// TestKilled stops a run after each file that it writes: the next run finishes it, and reports what the first would
// have reported.
func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("this test kills many processes")
	}
	archive, err := txtar.ParseFile("testdata/programs/left_tests_scs.txtar")
	if err != nil {
		t.Fatal(err)
	}
	program, _ := split(archive)
	dir := write(t, program)
	res := run(t, dir)
	before, left, notes := tree(t, dir), slices.Clone(res.Left), slices.Clone(res.Notes) // Write moves their lines
	if err := res.Write(); err != nil {
		t.Fatal(err)
	}
	want := tree(t, dir)
	if len(want) <= len(before) {
		t.Fatal("the run writes nothing")
	}
	for n := range len(res.Files) + 1 {
		restore(t, dir, before)
		killed := Result{res.Keys, res.Rewritten, left, notes, res.Files, res.dir}
		if err := killed.writeJournal(); err != nil {
			t.Fatal(err)
		}
		for _, f := range killed.Files[:n] {
			put(t, dir, []txtar.File{{Name: relative(dir, f.Path), Data: f.New}})
		}
		if n < len(killed.Files) {
			f := killed.Files[n]
			temporary := relative(dir, filepath.Join(filepath.Dir(f.Path), "."+filepath.Base(f.Path)+"."))
			put(t, dir, []txtar.File{{Name: temporary + "1", Data: f.New}, {Name: temporary + "23", Data: f.New[:len(f.New)/2]}, {Name: temporary + "4"}})
		}
		half := tree(t, dir)
		again := run(t, dir)
		if got := tree(t, dir); !slices.Equal(got, half) {
			t.Errorf("after %d files, a run that writes nothing has changed\n%v", n, got)
		}
		if err := again.Write(); err != nil {
			t.Fatal(err)
		}
		if got := tree(t, dir); !slices.Equal(got, want) {
			t.Errorf("after %d files, the next run leaves\n%v\nwant\n%v", n, got, want)
		}
		if got, want := report(again), report(res); strings.Replace(got, "finished a run that was killed\n", "", 1) != want || got == want {
			t.Errorf("after %d files, the next run reports\n%s\nwant\n%s", n, got, want)
		}
	}
}

// TestKilledAndChanged changes a file by hand after a run was killed: the next run must not overwrite it.
func TestKilledAndChanged(t *testing.T) {
	for _, content := range []string{"package main // changed\n", "", "-"} {
		dir := t.TempDir()
		name := filepath.Join(dir, "main.go")
		killed := Result{Files: []File{{name, []byte("package main\n"), []byte("package main // new\n")}}, dir: dir}
		if err := killed.writeJournal(); err != nil {
			t.Fatal(err)
		}
		if content != "-" {
			put(t, dir, []txtar.File{{Name: "main.go", Data: []byte(content)}})
		}
		_, err := Run(Config{Dir: dir, Patterns: []string{"./..."}})
		if err == nil || !strings.HasPrefix(err.Error(), "main.go has changed since") {
			t.Errorf("%q: got error %v", content, err)
		}
	}
}

// TestKilledElsewhere kills a run in one folder of a module, and starts the next in another.
func TestKilledElsewhere(t *testing.T) {
	if testing.Short() {
		t.Skip("this test runs migrate often")
	}
	dir := write(t, txtar.Parse([]byte(shared)).Files)
	cfg := Config{Dir: filepath.Join(dir, "page"), Patterns: []string{"./..."}, known: common}
	killed, err := Run(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := killed.writeJournal(); err != nil {
		t.Fatal(err)
	}
	put(t, dir, []txtar.File{{Name: relative(dir, killed.Files[0].Path), Data: killed.Files[0].New}})
	for from, where := range map[string]string{"login": "../page", "": "page"} {
		cfg.Dir = filepath.Join(dir, from)
		again, err := Run(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if note := "finished a run that was killed; it ran in " + where + ", and names files as they are there"; !slices.Contains(again.Notes, note) {
			t.Errorf("got the notes %q, want %q", again.Notes, note)
		}
		if err := again.Write(); err != nil {
			t.Fatal(err)
		}
		if exists(filepath.Join(dir, journalName)) {
			t.Error("the journal is still there")
		}
		for _, f := range killed.Files {
			if got := contentOf(f.Path); string(got) != string(f.New) {
				t.Errorf("%s is not written: %s", f.Path, got)
			}
		}
		if err := killed.writeJournal(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestForeignJournal has a program that contains a journal. Nothing is written outside the program.
func TestForeignJournal(t *testing.T) {
	outside := t.TempDir()
	for name, path := range map[string]string{
		"above":          "../main.go",
		"elsewhere":      "x/../../../main.go",
		"by a link":      "link/main.go",
		"by a link file": "nowhere.go",
		"of a folder":    "main.go",
		"of a module":    "main.go",
	} {
		top := t.TempDir()
		dir := filepath.Join(top, "program")
		put(t, dir, []txtar.File{{Name: "go.mod", Data: []byte("module example.com/program\n")}})
		for link, to := range map[string]string{"link": outside, "nowhere.go": filepath.Join(outside, "main.go")} {
			if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
				t.Fatal(err)
			}
		}
		put(t, dir, []txtar.File{{Name: "nested/go.mod", Data: []byte("module example.com/nested\n")}})
		folder := map[string]string{"of a folder": "../elsewhere", "of a module": "nested"}[name]
		text := `{"Dir": "` + folder + `", "Files": [{"Path": "` + path + `", "Old": null, "New": "cGFja2FnZSBtYWluCg=="}]}`
		put(t, dir, []txtar.File{{Name: journalName, Data: []byte(text)}})
		res, err := Run(Config{Dir: dir, Patterns: []string{"./..."}})
		if err == nil || !strings.Contains(err.Error(), "not of this module") {
			t.Errorf("%s: got %v, %v, want an error", name, res, err)
		}
	}
	// A run may begin in a folder of the module.
	dir := t.TempDir()
	put(t, dir, []txtar.File{{Name: "go.mod", Data: []byte("module example.com/program\n")}, {Name: "cmd/main.go", Data: []byte("package main\n")}})
	killed := Result{Files: []File{{filepath.Join(dir, "web.go"), nil, []byte("package web\n")}}, dir: filepath.Join(dir, "cmd")}
	if err := killed.writeJournal(); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(Config{Dir: filepath.Join(dir, "cmd"), Patterns: []string{"../..."}}); err != nil {
		t.Error(err)
	}
}

// tree lists the files of a directory with their contents.
func tree(t *testing.T, dir string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		files = append(files, relative(dir, path)+"\n"+string(bytes.TrimSpace(text)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// restore brings a directory back to what tree returned.
func restore(t *testing.T, dir string, files []string) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name, text, _ := strings.Cut(f, "\n")
		put(t, dir, []txtar.File{{Name: name, Data: []byte(text + "\n")}})
	}
}
