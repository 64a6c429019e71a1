package schema

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestFindings(t *testing.T) {
	const name = "testdata/findings.txtar"
	ar := readArchive(t, name)
	_, err := load(t, module(t, ar), "./...")
	var findings Findings
	if !errors.As(err, &findings) {
		t.Fatalf("Load: %v", err)
	}
	got := map[string]string{}
	for _, f := range findings {
		dir, _, _ := strings.Cut(f.Pos.Filename, "/")
		got[dir] += fmt.Sprintf("[%s] %s\n", f.Code, f)
	}
	compare(t, name, ar, got)
}
