package docstest

import (
	"fmt"
	"go/format"
	"path/filepath"
	"strings"
)

// Paste returns a file of package main with a block of statements from a page behind the line that marks the place,
// and with the missing imports.
func Paste(root, file, mark, block string) (string, error) {
	if strings.Count(file, mark+"\n") != 1 {
		return "", fmt.Errorf("not one line %q", mark)
	}
	site, err := readPool(filepath.Join(root, "testdata", "docs"))
	if err != nil {
		return "", err
	}
	pasted := strings.Replace(file, mark+"\n", mark+"\n"+block, 1)
	text, err := site.withImports(strings.Replace(pasted, "package main\n", "package page\n", 1))
	if err != nil {
		return "", err
	}
	formatted, err := format.Source([]byte(clause(text, "main")))
	return string(formatted), err
}
