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
	// maxPasses bounds how often a source is formatted. Nothing is known to need more than three.
	maxPasses = 10

	// cut is where a source may be cut into parts that are formatted at once. It has a byte that no Go
	// source may have, so no comment of a schema looks like it.
	cut = "//\x00"
	// minPart is how many bytes a part has at least. Only a schema of over a hundred fields has several parts.
	minPart = 128 << 10
)

// mayCut says that a part of the file ends between two declarations.
func (g *generator) mayCut() {
	g.file.Line()
	g.file.Comment(cut)
}

// format groups the imports as goimports does, and formats until gofmt has nothing left to change.
func (g *generator) format(src []byte) ([]byte, error) {
	pieces := bytes.Split(src, []byte(cut))
	file, err := parser.ParseFile(token.NewFileSet(), "", pieces[0], parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	end := int(file.Decls[len(file.Decls)-1].End() - file.FileStart)
	// The head alone: what follows takes gofmt long enough.
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

// grouped joins neighbours to parts of at least minPart bytes.
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

// gofmt formats a file, or some of its declarations, without space at the end.
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

// prose is a line of a comment that gofmt leaves as it is.
var prose = regexp.MustCompile(`^//($| \pL)`)

// comment writes text as line comments, whatever it contains.
func (g *generator) comment(text string) {
	for _, line := range commentLines(text) {
		g.unsettled = g.unsettled || !prose.MatchString(line)
		g.file.Comment(line)
	}
}
