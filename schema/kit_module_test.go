package schema

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write what the tests found into testdata; review it")

const goMod = `module example.com/m

go 1.26.0

require github.com/vmihailenco/msgpack/v5 v5.4.1

require github.com/vmihailenco/tagparser/v2 v2.0.0 // indirect
`

// module writes an archive's files, without the want ones, as a module that may import msgpack.
func module(t *testing.T, ar *txtar.Archive) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	sum, err := os.ReadFile("../go.sum")
	if err != nil {
		t.Fatal(err)
	}
	files := append([]txtar.File{{Name: "go.mod", Data: []byte(goMod)}, {Name: "go.sum", Data: sum}}, ar.Files...)
	for _, f := range files {
		if filepath.Base(f.Name) == "want" {
			continue
		}
		name := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func parse(text string) *txtar.Archive { return txtar.Parse([]byte(text)) }

func load(t *testing.T, dir string, patterns ...string) ([]*Package, error) {
	t.Helper()
	return Load(Config{Dir: dir, Patterns: patterns, Env: append(os.Environ(), "GOFLAGS=", "GOPROXY=off", "GOWORK=off")})
}

func readArchive(t *testing.T, name string) *txtar.Archive {
	t.Helper()
	ar, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return ar
}

// compare compares got, by directory, with the archive's want files.
func compare(t *testing.T, name string, ar *txtar.Archive, got map[string]string) {
	t.Helper()
	for i, f := range ar.Files {
		dir, base := filepath.Split(f.Name)
		if base != "want" {
			continue
		}
		dir = filepath.Clean(dir)
		if *update {
			ar.Files[i].Data = []byte(got[dir])
		} else if !bytes.Equal(f.Data, []byte(got[dir])) {
			t.Errorf("%s: got\n%s\nwant\n%s", dir, got[dir], f.Data)
		}
		delete(got, dir)
	}
	for dir, text := range got {
		t.Errorf("%s: unexpected\n%s", dir, text)
	}
	if *update {
		if err := os.WriteFile(name, txtar.Format(ar), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}
