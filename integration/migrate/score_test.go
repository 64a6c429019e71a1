package migrate

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/sessiongen/sessiongen/migrate"
)

// The bounds, in per cent.
const (
	keysRight      = 99
	sitesRewritten = 96
	sitesFalse     = 1
)

// A score counts keys, and the uses of keys.
type score struct {
	keys, right                            int
	sites, rewritten, left, silent, untrue int
}

func (s *score) add(other score) {
	s.keys, s.right = s.keys+other.keys, s.right+other.right
	s.sites, s.rewritten, s.left = s.sites+other.sites, s.rewritten+other.rewritten, s.left+other.left
	s.silent, s.untrue = s.silent+other.silent, s.untrue+other.untrue
}

func (s score) String() string {
	return fmt.Sprintf("keys %d of %d; sites %d: rewritten %d, left in the report %d, passed over %d, false %d",
		s.right, s.keys, s.sites, s.rewritten, s.left, s.silent, s.untrue)
}

// TestScore compares the results for small programs, in each library's and each wrapper's style, with the truth: the
// file "truth" of an archive has the keys with their types, and a comment //@ at the end of a line has the keys that
// the line uses, ? for an unknown one.
func TestScore(t *testing.T) {
	names, err := filepath.Glob("testdata/styles/*.txtar")
	if err != nil || len(names) < 11 {
		t.Fatalf("got error %v, %d programs", err, len(names))
	}
	var all score
	var mu sync.Mutex
	each(t, names, func(t *testing.T, name string) {
		s := scoreOf(t, parse(t, name).Files)
		t.Log(s)
		mu.Lock()
		defer mu.Unlock()
		all.add(s)
	})
	t.Log(all)
	switch {
	case 100*all.right < keysRight*all.keys:
		t.Errorf("only %d of %d keys have the right type", all.right, all.keys)
	case 100*all.rewritten < sitesRewritten*all.sites:
		t.Errorf("only %d of %d sites are rewritten", all.rewritten, all.sites)
	case all.silent > 0:
		t.Errorf("%d sites are not in the report", all.silent)
	case 100*all.untrue > sitesFalse*all.sites:
		t.Errorf("%d of %d sites are not sites", all.untrue, all.sites)
	}
}

func scoreOf(t *testing.T, files []txtar.File) (s score) {
	types, uses := truth(files)
	res := moved(t, unpack(t, files))
	report(t, res)
	found := map[string]string{}
	for _, k := range res.Keys {
		if !k.Dynamic {
			found[k.Name] = k.Type
		}
	}
	for key, typ := range types {
		s.keys++
		if found[key] == typ {
			s.right++
		} else {
			t.Logf("key %s: %q, and it is %s", key, found[key], typ)
		}
	}
	rewritten, left := linesOf(res)
	for _, line := range slices.Sorted(maps.Keys(uses)) {
		n := len(uses[line])
		s.sites += n
		done, reported := min(n, rewritten[line]), min(n, left[line])
		s.rewritten += done
		s.left += min(reported, n-done)
		if silent := n - done - reported; silent > 0 {
			s.silent += silent
			t.Logf("%s: %v, and %d rewritten, %d in the report", line, uses[line], done, reported)
		}
	}
	for line, n := range rewritten {
		if extra := n - len(uses[line]); extra > 0 {
			s.untrue += extra
			t.Logf("%s: %d rewritten, and there are %d", line, n, len(uses[line]))
		}
	}
	return s
}

// truth reads the expected results: the keys' types, and the keys of each line.
func truth(files []txtar.File) (types map[string]string, uses map[string][]string) {
	types, uses = map[string]string{}, map[string][]string{}
	for _, f := range files {
		n := 0
		for line := range strings.Lines(string(f.Data)) {
			n++
			if f.Name == "truth" {
				key, typ, _ := strings.Cut(strings.TrimSpace(line), " ")
				types[key] = typ
			} else if _, keys, ok := strings.Cut(line, "//@ "); ok {
				uses[fmt.Sprintf("%s:%d", f.Name, n)] = strings.Fields(keys)
			}
		}
	}
	return types, uses
}

// ofKeys are the verbs of sites that have a key.
var ofKeys = []string{"read", "has", "pop", "write", "delete", "add", "take"}

// linesOf counts, for each line, the uses of keys that are rewritten, and those that are left.
func linesOf(res *migrate.Result) (rewritten map[string]int, left map[string]int) {
	rewritten, left = map[string]int{}, map[string]int{}
	for _, s := range res.Rewritten {
		if !s.Inside && slices.Contains(ofKeys, s.Verb) {
			rewritten[s.Pos[:strings.LastIndex(s.Pos, ":")]]++
		}
	}
	for _, l := range res.Left {
		left[fmt.Sprintf("%s:%d", filepath.ToSlash(l.Pos.Filename), l.Pos.Line)]++
	}
	return rewritten, left
}
