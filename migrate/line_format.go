package migrate

import (
	"bytes"
	"go/format"
)

// formatLike formats the new text of a file. Lines of the old text that no change touches stay as they are, even if
// gofmt would change them, so that the diff shows only the migration.
func formatLike(old, text []byte) ([]byte, error) {
	text, err := format.Source(text)
	if err == nil { // all imports of a declaration may have gone
		text, err = format.Source(bytes.Replace(text, []byte("\nimport ()\n"), []byte("\n"), 1))
	}
	if err != nil {
		return nil, err
	}
	formattedOld, err := format.Source(old)
	if err != nil || bytes.Equal(formattedOld, old) {
		return text, nil
	}
	mixed := keepLines(old, formattedOld, text)
	if again, err := format.Source(mixed); err != nil || !bytes.Equal(again, text) {
		return text, nil
	}
	return mixed, nil
}

// keepLines replaces lines of a new text with the same lines of the old one. formatted is the old text in gofmt's form.
func keepLines(old, formatted, text []byte) []byte {
	toFormatted, toText := mappingOf(squeezed(old), squeezed(formatted)), mappingOf(formatted, text)
	formattedLines, lines := bytes.Split(formatted, lf), bytes.Split(text, lf)
	for i, line := range bytes.Split(old, lf) {
		at := toFormatted.line(i+1) - 1
		if at < 0 || at >= len(formattedLines) || !bytes.Equal(squeezed(formattedLines[at]), squeezed(line)) {
			continue
		}
		to := toText.line(at+1) - 1
		if 0 <= to && to < len(lines) && bytes.Equal(lines[to], formattedLines[at]) {
			lines[to] = line
		}
	}
	return bytes.Join(lines, lf)
}

// squeezed returns a text without the spaces and tabs that gofmt may change.
func squeezed(text []byte) []byte {
	return bytes.Map(func(r rune) rune {
		if r == ' ' || r == '\t' {
			return -1
		}
		return r
	}, text)
}
