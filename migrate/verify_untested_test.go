package migrate

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// TestWithoutTests leaves tests as they are. A test that no longer compiles is reported with its line. A second run,
// which rewrites tests but has lost the old program, reports it again.
func TestWithoutTests(t *testing.T) {
	if testing.Short() {
		t.Skip("this test runs migrate often")
	}
	for name, lines := range map[string][]string{
		"tests_scs": {"internal/config/config_test.go:14", "internal/pages/pages_test.go:21", "internal/pages/pages_test.go:26",
			"internal/pages/pages_test.go:36", "internal/pages/pages_test.go:45"},
		"interface_scs": nil,
	} {
		archive, err := txtar.ParseFile("testdata/programs/" + name + ".txtar")
		if err != nil {
			t.Fatal(err)
		}
		program, _ := split(archive)
		dir := write(t, program)
		res, err := Run(Config{Dir: dir, Patterns: []string{"./..."}, known: common})
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range res.Relative(dir) {
			if isTest(name) {
				t.Errorf("the run writes the test %s", name)
			}
		}
		if len(res.Files) == 0 {
			t.Error("the run writes nothing")
		}
		said := places(res, "-tests")
		if err := res.Write(); err != nil {
			t.Fatal(err)
		}
		again := places(run(t, dir), "accessors")
		for _, line := range lines {
			if !slices.Contains(said, line) || !slices.Contains(again, line) {
				t.Errorf("%s: the first report does not have %s: %q, or the second: %q", name, line, said, again)
			}
		}
		if len(lines) == 0 && len(said)+len(again) > 0 {
			t.Errorf("%s: the reports have %q, %q, want nothing", name, said, again)
		}
	}
}

// places lists the lines of tests that a report names with a fix.
func places(res *Result, fix string) (list []string) {
	for _, l := range res.Left {
		if isTest(l.Pos.Filename) && strings.Contains(l.Fix, fix) {
			pos := l.Pos
			pos.Column = 0
			list = append(list, pos.String())
		}
	}
	return list
}
