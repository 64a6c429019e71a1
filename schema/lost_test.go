package schema

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// Lost members are found behind any number of places that lose nothing, and partial has an effect there.
func TestLostFarAway(t *testing.T) {
	var b strings.Builder
	for i := range 14 {
		fmt.Fprintf(&b, "type wide%d struct { X, Y wide%d }\n", i, i+1)
	}
	b.WriteString("type wide14 struct { Z int }\n\ntype far struct {\n\tW wide0\n\tLists map[string][]*struct{ Last losing }\n}\n\n" +
		"type losing struct {\n\tShown int\n\thidden int\n}\n")
	for option, want := range map[string]string{"": "far.Lists[][].Last: losing.hidden is not exported, and would be lost", ",partial": ""} {
		src := "package p\n\ntype session struct {\n\tFar far `session:\"far" + option + "\"`\n}\n\n" + b.String()
		dir := module(t, &txtar.Archive{Files: []txtar.File{{Name: "p/p.go", Data: []byte(src)}}})
		_, err := load(t, dir, "./p")
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: got %v", option, err)
		}
	}
}
