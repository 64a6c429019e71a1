package gen

import (
	"bytes"
	"errors"
	"go/format"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"sync"

	"golang.org/x/tools/imports"
)

const (
	// maxPasses limits how often a source is formatted. No source is known to need more than three.
	maxPasses = 10

	// cut marks where a source may be cut into parts that are formatted separately. It has a byte that no Go source
	// may contain, so no comment of a schema looks like it.
	cut = "//\x00"
	// minPart is the least size of a part in bytes. Only a schema of over a hundred fields has several parts.
	minPart = 128 << 10
)

// mayCut marks a place between two declarations.
func (g *generator) mayCut() {
	g.file.Line()
	g.file.Comment(cut)
}

// format groups the imports as goimports does, and formats until gofmt changes nothing more.
func (g *generator) format(src []byte) ([]byte, error) {
	pieces := bytes.Split(src, []byte(cut))
	file, err := parser.ParseFile(token.NewFileSet(), "", pieces[0], parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	end := int(file.Decls[len(file.Decls)-1].End() - file.FileStart)
	// Only the head: the rest takes gofmt long enough.
	head, err := imports.Process("", src[:end], &imports.Options{FormatOnly: true, Comments: true, TabIndent: true, TabWidth: 8})
	if err != nil {
		return nil, err
	}
	pieces[0] = slices.Concat(head, pieces[0][end:])

	parts := grouped(pieces)
	errs := make([]error, len(parts))
	var all sync.WaitGroup
	for i, part := range parts {
		all.Go(func() { parts[i], errs[i] = g.gofmt(part) })
	}
	all.Wait()
	return append(bytes.Join(parts, []byte("\n\n")), '\n'), errors.Join(errs...)
}

// grouped joins neighbouring pieces to parts of at least minPart bytes.
func grouped(pieces [][]byte) [][]byte {
	var parts [][]byte
	var part []byte
	for i, piece := range pieces {
		part = append(part, piece...)
		if len(part) >= minPart || i == len(pieces)-1 {
			parts, part = append(parts, part), nil
		}
	}
	return parts
}

// gofmt formats a file, or some of its declarations, without trailing space.
func (g *generator) gofmt(src []byte) ([]byte, error) {
	for range maxPasses {
		next, err := format.Source(bytes.TrimSpace(src))
		if err != nil || !g.unsettled || bytes.Equal(next, src) {
			return bytes.TrimSpace(next), err
		}
		src = next
	}
	return nil, errors.New("gofmt goes on changing what it has formatted")
}

// prose matches a line of a comment that gofmt leaves unchanged.
var prose = regexp.MustCompile(`^//($| \pL)`)

// comment writes any text as line comments.
func (g *generator) comment(text string) {
	for _, line := range commentLines(text) {
		g.unsettled = g.unsettled || !prose.MatchString(line)
		g.file.Comment(line)
	}
}
