// Package docstest reads the project's Markdown for tests: its code, its commands and its links.
//
// A page says in comments, which readers do not see, how a test completes the block that follows:
//
//	<!-- docs: package -->        the Go block begins a package of its own
//	<!-- docs: alone -->          the Go block is a package of its own, with the schema of the one before if it has none
//	<!-- docs: main NAME -->      integration/frameworks pastes the Go block into a main function of that framework
//	<!-- docs: prepare CMD -->    CMD runs before the commands
//	<!-- docs: serve -->          the commands talk to the page's program, which runs meanwhile
//	<!-- docs: script NAME -->    testdata/script/NAME runs the commands
//	<!-- docs: long -->           the commands take long: that they could run is all that is tested
//
// See [Load] for what becomes of Go blocks.
package docstest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// A Page is a Markdown file.
type Page struct {
	Name    string // relative to the module's root, with slashes
	Text    string
	Blocks  []Block
	Anchors map[string]bool // of its headings
	Links   []Link
}

// A Block is a fenced block.
type Block struct {
	Line int // of its first line
	Lang string
	Text string
	Asks map[string]string // requests in the comment before it
}

// A Link is the target of a link.
type Link struct {
	Line   int
	Target string
}

// Pages reads the project's Markdown: README.md, docs, and the other pages for users.
func Pages(root string) ([]Page, error) {
	names := []string{"README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "SECURITY.md", "CHANGELOG.md", "llms.txt"}
	for _, glob := range []string{"docs/*.md", "examples/*/README.md", "testdata/*/README.md"} {
		found, err := filepath.Glob(filepath.Join(root, glob))
		if err != nil {
			return nil, err
		}
		for _, path := range found {
			name, err := filepath.Rel(root, path)
			if err != nil {
				return nil, err
			}
			names = append(names, filepath.ToSlash(name))
		}
	}
	var pages []Page
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return nil, err
		}
		pages = append(pages, Parse(name, string(text)))
	}
	return pages, nil
}

var (
	comment = regexp.MustCompile(`^\s*<!-- docs: (.*) -->$`)
	heading = regexp.MustCompile(`^#{1,6} (.*)$`)
	code    = regexp.MustCompile("`[^`]*`")
	target  = regexp.MustCompile(`\[[^\]]*\]\(([^)\s]+)\)`)
)

// Parse reads one page.
func Parse(name, text string) Page {
	p := Page{Name: name, Text: text, Anchors: make(map[string]bool)}
	asks := make(map[string]string)
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if m := comment.FindStringSubmatch(line); m != nil {
			word, rest, _ := strings.Cut(m[1], " ")
			asks[word] = rest
			continue
		}
		lang, fenced := strings.CutPrefix(strings.TrimLeft(line, " "), "```")
		if !fenced {
			p.prose(i+1, line)
			continue
		}
		indent := len(line) - len(strings.TrimLeft(line, " "))
		block := Block{Line: i + 2, Lang: lang, Asks: asks}
		for i++; i < len(lines) && strings.TrimSpace(lines[i]) != "```"; i++ {
			block.Text += strings.TrimPrefix(lines[i], strings.Repeat(" ", indent)) + "\n"
		}
		p.Blocks = append(p.Blocks, block)
		asks = make(map[string]string)
	}
	return p
}

// prose notes the parts of a line outside of blocks.
func (p *Page) prose(line int, text string) {
	if m := heading.FindStringSubmatch(text); m != nil {
		p.Anchors[anchor(m[1])] = true
	}
	for _, m := range target.FindAllStringSubmatch(code.ReplaceAllString(text, "`"), -1) {
		p.Links = append(p.Links, Link{line, m[1]})
	}
}

// anchor is the name that GitHub gives a heading.
func anchor(heading string) string {
	heading = regexp.MustCompile(`[^\p{L}\p{N}_ -]`).ReplaceAllString(strings.ToLower(heading), "")
	return strings.ReplaceAll(heading, " ", "-")
}

// ForUsers reports whether the code and commands of a page are tested.
func (p *Page) ForUsers() bool { return p.Name == "README.md" || strings.HasPrefix(p.Name, "docs/") }
