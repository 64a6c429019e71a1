package schema

import (
	"cmp"
	"fmt"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
)

// A Finding is something wrong with a schema, at a place in its source.
type Finding struct {
	Pos     token.Position // its file name is relative to Config.Dir, with forward slashes
	Message string
	Hint    string // a way out, if there is one
}

// String returns "path:line:col: message", followed by the hint on a line of its own, behind a tab.
func (f Finding) String() string {
	s := fmt.Sprintf("%s: %s", f.Pos, f.Message)
	if f.Hint != "" {
		s += "\n\t" + strings.ReplaceAll(f.Hint, "\n", "\n\t")
	}
	return s
}

// Findings is everything that a run found, in the order of file, line and column.
type Findings []Finding

// Error returns the findings, each on lines of its own.
func (fs Findings) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

// Sorted sorts the findings, in place, and returns them without those that come twice.
func (fs Findings) Sorted() Findings {
	slices.SortStableFunc(fs, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.Pos.Filename, b.Pos.Filename),
			cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Column, b.Pos.Column),
		)
	})
	// Equal findings need not be neighbours: others may stand at the same place.
	seen := map[Finding]bool{}
	return slices.DeleteFunc(fs, func(f Finding) bool {
		f.Pos.Offset = 0
		if seen[f] {
			return true
		}
		seen[f] = true
		return false
	})
}

// A LoadError means that the packages could not be read at all.
type LoadError struct {
	Message string
	Hint    string // a way out, if there is one
}

// Error returns the message, followed by the hint on a line of its own, behind a tab.
func (e *LoadError) Error() string {
	if e.Hint == "" {
		return e.Message
	}
	return e.Message + "\n\t" + e.Hint
}

// relative names a file as people name it from dir.
func relative(dir, name string) string {
	if rel, err := filepath.Rel(dir, name); err == nil && filepath.IsAbs(name) {
		name = rel
	}
	return filepath.ToSlash(name)
}

// suggest returns the candidate that name is most likely a misspelling of, or "".
func suggest(name string, candidates []string) string {
	best, least := "", 3
	for _, c := range candidates {
		if d := distance(strings.ToLower(name), strings.ToLower(c)); d < least && d < len(c) {
			best, least = c, d
		}
	}
	return best
}

// distance is the number of letters to insert, delete, replace or swap with their neighbour.
func distance(a, b string) int {
	before, last := []int(nil), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := append(make([]int, 0, len(b)+1), i+1)
		for j := range len(b) {
			d := last[j]
			if a[i] != b[j] {
				d++
			}
			d = min(d, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				d = min(d, before[j-1]+1)
			}
			row = append(row, d)
		}
		before, last = last, row
	}
	return last[len(b)]
}
