package schema

import (
	"cmp"
	"fmt"
	"go/token"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sessiongen/sessiongen/internal/code"
)

// A Finding is a problem or hint about a schema, with its place in the source. Most kinds are errors.
type Finding struct {
	Code    code.Code
	Pos     token.Position // its file name is relative to Config.Dir, with forward slashes
	Message string
	Hint    string           // how to fix it, if known
	Related []token.Position // the other places that the message names
}

// NewFinding returns a finding. Its message is made of format and args; positions among args become Related.
func NewFinding(kind code.Code, pos token.Position, hint, format string, args ...any) Finding {
	return Finding{kind, pos, fmt.Sprintf(format, args...), hint, positions(args)}
}

func positions(args []any) (list []token.Position) {
	for _, arg := range args {
		if pos, ok := arg.(token.Position); ok {
			list = append(list, pos)
		}
	}
	return list
}

// String returns "path:line:col: message", followed by the hint on a line of its own, behind a tab. Without a position
// it begins with the command's name.
func (f Finding) String() string {
	s := "sessiongen: "
	if f.Pos.Filename != "" {
		s = f.Pos.String() + ": "
	}
	if f.Code.Severity() == code.Warning {
		s += "hint: "
	}
	return s + withHint(f.Message, f.Hint)
}

func withHint(message, hint string) string {
	if hint == "" {
		return message
	}
	return message + "\n\t" + strings.ReplaceAll(hint, "\n", "\n\t")
}

// Findings lists everything that a run found, in the order of file, line and column.
type Findings []Finding

// Error returns the findings, each on lines of its own.
func (fs Findings) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

// Sorted sorts the findings in place and returns them without repetitions.
func (fs Findings) Sorted() Findings {
	slices.SortStableFunc(fs, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.Pos.Filename, b.Pos.Filename),
			cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Column, b.Pos.Column),
		)
	})
	// Equal findings may be apart: others may have the same place.
	seen := map[string]bool{}
	return slices.DeleteFunc(fs, func(f Finding) bool {
		text := f.String()
		if seen[text] {
			return true
		}
		seen[text] = true
		return false
	})
}

// A LoadError means that the packages could not be read at all.
type LoadError struct {
	Code    code.Code
	Message string
	Hint    string           // how to fix it, if known
	Related []token.Position // the places that the message names
}

func loadError(kind code.Code, hint, format string, args ...any) *LoadError {
	return &LoadError{kind, fmt.Sprintf(format, args...), hint, positions(args)}
}

// Finding is the error as a finding without a place.
func (e *LoadError) Finding() Finding {
	return Finding{e.Code, token.Position{}, e.Message, e.Hint, e.Related}
}

// Error returns the message, followed by the hint on a line of its own, behind a tab.
func (e *LoadError) Error() string {
	return withHint(e.Message, e.Hint)
}

// relative is the path of a file from dir, as people write it.
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

// distance counts the letters to insert, delete, replace or swap with their neighbour.
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
