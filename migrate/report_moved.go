package migrate

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

// moved updates the positions of Left and Notes to the files as they are written.
func (res *Result) moved() {
	lines := map[string]*mapping{}
	for _, f := range res.Files {
		if f.Old != nil {
			lines[relative(res.dir, f.Path)] = mappingOf(f.Old, f.New)
		}
	}
	for i := range res.Left {
		pos := &res.Left[i].Pos
		pos.Line = lines[pos.Filename].line(pos.Line)
	}
	for i, note := range res.Notes {
		name, rest, _ := strings.Cut(note, ":")
		number, rest, _ := strings.Cut(rest, ":")
		if line, err := strconv.Atoi(number); err == nil {
			res.Notes[i] = fmt.Sprintf("%s:%d:%s", name, lines[filepath.ToSlash(name)].line(line), rest)
		}
	}
}

// A mapping says where the lines of a file are after a change.
type mapping struct {
	known  map[int]int // lines in the hunks of the diff
	shifts []shift     // for all other lines

	before, after  int // the next lines in the diff
	removed, added int // so far in the current block of changes
}

// A shift moves all lines from one on.
type shift struct{ from, by int }

func mappingOf(old, new []byte) *mapping {
	m := &mapping{known: map[int]int{}}
	for _, line := range bytes.Split(diff.Diff("", old, "", new), []byte("\n")) {
		m.read(string(line))
	}
	m.block()
	return m
}

// read takes in a line of the diff.
func (m *mapping) read(line string) {
	var from, of, to, in int
	switch {
	case strings.HasPrefix(line, "@@ "):
		m.block()
		if n, _ := fmt.Sscanf(line, "@@ -%d,%d +%d,%d @@", &from, &of, &to, &in); n == 4 {
			m.before, m.after = from, to
			m.shifts = append(m.shifts, shift{from + of, to + in - from - of})
		}
	case m.before == 0: // the names of the files
	case strings.HasPrefix(line, "-"):
		m.before++
		m.removed++
	case strings.HasPrefix(line, "+"):
		m.after++
		m.added++
	case line != "":
		m.block()
		m.known[m.before] = m.after
		m.before++
		m.after++
	}
}

// block ends a block of changed lines. A removed line maps to the one that takes its place.
func (m *mapping) block() {
	for i := range m.removed {
		m.known[m.before-m.removed+i] = m.after - m.added + min(i, max(m.added-1, 0))
	}
	m.removed, m.added = 0, 0
}

// line is the new number of a line. In an unchanged file it is the old one.
func (m *mapping) line(n int) int {
	if m == nil {
		return n
	}
	if at, ok := m.known[n]; ok {
		return at
	}
	by := 0
	for _, s := range m.shifts {
		if s.from <= n {
			by = s.by
		}
	}
	return n + by
}
