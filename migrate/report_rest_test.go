package migrate

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// TestStaleTests leaves tests that compile, although what they get from the program is a session of the new kind.
func TestStaleTests(t *testing.T) {
	if testing.Short() {
		t.Skip("this test runs migrate often")
	}
	const asserts = "package main\n\nimport (\n\t\"testing\"\n\n\t\"github.com/gorilla/sessions\"\n)\n\nfunc TestKept(t *testing.T) {\n" +
		"\tif _, ok := kept.(*sessions.Session); !ok {\n\t\tt.Error(\"no session\")\n\t}\n\t_ = kept.(*sessions.Session)\n}\n"
	const note = "main_test.go:10:21: the test still uses gorilla/sessions: -tests rewrites it"
	program := strings.Replace(single, "\t\ts.Save(r, w)\n", "\t\ts.Save(r, w)\n\t\tkept = s\n", 1) + "\nvar kept any\n"
	for _, test := range []struct {
		test  string
		tests bool
		want  bool
	}{
		{asserts, false, true},
		{asserts, true, false},
		{strings.Replace(asserts, "\t_ = kept", "\tstore.Get(nil, \"shop\")\n\t_ = kept", 1), false, false}, // does not compile: that is in the report
		{"package main\n\nimport \"testing\"\n\nfunc TestKept(t *testing.T) { _ = kept }\n", false, false},
	} {
		dir := write(t, append(txtar.Parse([]byte(program)).Files, txtar.File{Name: "main_test.go", Data: []byte(test.test)}))
		res, err := Run(Config{Dir: dir, Patterns: []string{"./..."}, Tests: test.tests, known: common})
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.Contains(res.Notes, note); got != test.want || len(res.Files) == 0 {
			t.Errorf("tests %v: got the notes %q and %d files for\n%s", test.tests, res.Notes, len(res.Files), test.test)
		}
	}
}
