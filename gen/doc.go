package gen

import (
	"regexp"
	"strconv"
	"strings"
)

// directive matches comments with a meaning for tools, even behind a space.
var directive = regexp.MustCompile(`^\s*(\+build|go:[a-z]+)`)

// commentLines makes line comments of text. Only these are safe with any text: behind "// ", neither */ nor a
// directive's name (go:build) has a meaning. The exception is +build, an old build constraint, which gofmt even moves
// to the top of the file. It is quoted, and so are directives, which linters take for mistakes.
func commentLines(text string) []string {
	var lines []string
	for line := range strings.SplitSeq(plain(text), "\n") {
		line = strings.TrimRight(line, " \t")
		if m := directive.FindStringSubmatchIndex(line); m != nil {
			line = line[:m[2]] + strconv.Quote(line[m[2]:m[3]]) + line[m[3]:]
		}
		switch {
		case line == "":
			lines = append(lines, "//")
		case line[0] == '\t':
			lines = append(lines, "//"+line)
		default:
			lines = append(lines, "// "+line)
		}
	}
	return lines
}

// plain converts all line breaks to line feeds.
func plain(text string) string {
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
}

// wrap breaks a few sentences into lines of a comment.
func wrap(text string) string {
	const width = 90
	var b strings.Builder
	column := 0
	for _, word := range strings.Fields(text) {
		switch {
		case column == 0:
		case column+1+len(word) > width:
			b.WriteByte('\n')
			column = 0
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	return b.String()
}
