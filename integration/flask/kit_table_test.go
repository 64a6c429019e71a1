package flask

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// title is the name of a step: its words, or else its operations.
func (st *step) title() string {
	title := st.does
	if title == "" {
		title = "`" + st.ops + "`"
	} else if st.ops != "" && strings.HasSuffix(title, ":") {
		title += " `" + st.ops + "`"
	}
	return title
}

// checkTable compares docs/flask.md with the script, or writes it.
func checkTable(t *testing.T) {
	t.Helper()
	want := table()
	if *update {
		if err := os.WriteFile(tableFile, []byte(want), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got, err := os.ReadFile(tableFile); err != nil || string(got) != want {
		t.Errorf("%s differs from the script's result (%v): go test ./flask -update", tableFile, err)
	}
}

func table() string {
	var b strings.Builder
	equal, different := 0, 0
	for _, sc := range script {
		for _, st := range sc.steps {
			if st.both != "" {
				equal++
			} else {
				different++
			}
		}
	}
	fmt.Fprintf(&b, preface, equal+different, equal, different)
	for _, sc := range script {
		fmt.Fprintf(&b, "\n## %s\n\n", sc.title)
		if sc.about != "" {
			fmt.Fprintf(&b, "%s\n\n", sc.about)
		}
		b.WriteString("| request | Flask | sessiongen | why they differ |\n|---|---|---|---|\n")
		for _, st := range sc.steps {
			theirs, ours := cell(st.flask), cell(st.ours)
			if st.noticed != "" {
				theirs += " (as of Flask 3.1.3 " + cell(st.noticed) + ")"
			}
			if st.both != "" {
				theirs, ours = cell(st.both), "the same"
			}
			if st.events != "" {
				ours += "; event " + st.events
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", cell(st.title()), theirs, ours, cell(st.differs))
		}
	}
	return b.String()
}

// cell escapes a text for Markdown.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
