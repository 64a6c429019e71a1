package migrate

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/tools/txtar"
)

// TestChangedMeanwhile changes something between a run and its Write, as an editor or another command does: nothing is
// written, and no file of the run stays.
func TestChangedMeanwhile(t *testing.T) {
	if testing.Short() {
		t.Skip("this test runs migrate often")
	}
	const other = "package main // saved meanwhile\n"
	replace := func(name string) error { return os.WriteFile(name, []byte(other), 0o644) }
	instead := func(name string) error {
		if err := os.RemoveAll(name); err != nil {
			return err
		}
		return os.Mkdir(name, 0o755)
	}
	dir := write(t, txtar.Parse([]byte(shared)).Files)
	res, err := Run(Config{Dir: dir, Patterns: []string{"."}, known: common})
	if err != nil {
		t.Fatal(err)
	}
	program := tree(t, dir)
	for what, test := range map[string]struct {
		name   string
		meddle func(name string) error
	}{
		"saved":               {"login/login.go", replace},
		"emptied":             {"main.go", func(name string) error { return os.Truncate(name, 0) }},
		"deleted":             {"page/page.go", os.Remove},
		"moved":               {"page/page.go", func(name string) error { return os.Rename(name, name+".orig") }},
		"a folder":            {"page/page.go", instead},
		"read-only":           {"page/page.go", func(name string) error { return os.Chmod(name, 0o444) }},
		"in a read-only one":  {"page", func(name string) error { return os.Chmod(name, 0o555) }},
		"of the same name":    {"kept/session_manager.go", replace},
		"where a folder goes": {"internal", replace},
		"the journal":         {journalName, instead},
		"its first form":      {journalName + ".new", instead},
	} {
		restore(t, dir, program)
		name := filepath.Join(dir, test.name)
		if err := test.meddle(name); err != nil {
			t.Fatal(err)
		}
		before := tree(t, dir)
		if err := res.Write(); err == nil {
			t.Errorf("%s: the run is written", what)
		}
		if got := tree(t, dir); !slices.Equal(got, before) {
			t.Errorf("%s: got\n%v\nwant\n%v", what, got, before)
		}
		os.Chmod(name, 0o755) // so that restore can remove it
	}
}
