package migrate

import (
	"bytes"
	"path/filepath"
	"testing"

	"golang.org/x/tools/txtar"
)

// TestEndings migrates Windows files. The new files have the same mark and the same line ends.
func TestEndings(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/programs/page_gorilla.txtar")
	if err != nil {
		t.Fatal(err)
	}
	program, want := split(archive)
	var main []byte
	for _, f := range want {
		if f.Name == "want/main.go" {
			main = f.Data
		}
	}
	for name, of := range map[string]struct{ mark, end string }{"ends": {"", "\r\n"}, "mark": {"\xef\xbb\xbf", "\n"}, "both": {"\xef\xbb\xbf", "\r\n"}} {
		as := func(text []byte) []byte {
			return append([]byte(of.mark), bytes.ReplaceAll(text, []byte("\n"), []byte(of.end))...)
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var files []txtar.File
			for _, f := range program {
				files = append(files, txtar.File{Name: f.Name, Data: as(f.Data)})
			}
			dir := write(t, files)
			if err := run(t, dir).Write(); err != nil {
				t.Fatal(err)
			}
			if got := contentOf(filepath.Join(dir, "main.go")); !bytes.Equal(got, as(main)) {
				t.Errorf("got main.go %q", got)
			}
		})
	}
}
