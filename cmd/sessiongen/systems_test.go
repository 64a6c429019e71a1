package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/sessiongen/sessiongen/internal/testmodule"
)

var systems = flag.Bool("systems", false, "vet the generated code of everything in testdata for other systems, and run its tests on 386; the standard library is compiled for each")

// TestSystems checks that generated code compiles and passes go vet wherever Go runs; an int of 32 bits is enough for
// it. It uses the code of every successful run: on the archives of schema and gen, and in the scripts.
func TestSystems(t *testing.T) {
	if !*systems {
		t.Skip("this test runs with -systems")
	}
	kept := os.Getenv(keepVar) // of a run of the scripts before this one
	if kept == "" {
		kept = t.TempDir()
		t.Setenv(keepVar, kept)
		t.Run("scripts", testScripts)
	}
	if of, err := os.ReadDir(kept); err != nil || len(of) == 0 {
		t.Fatalf("the scripts kept nothing in %s: %v", kept, err)
	}
	generateArchives(t, "example.com/app", "gen/testdata/*.txtar")
	generateArchives(t, "example.com/m", "schema/testdata/models.txtar")

	b := newBundle(t, kept)
	b.compile(t)
	for _, target := range []string{"linux/amd64", "linux/386", "windows/amd64", "darwin/arm64", "js/wasm", "wasip1/wasm"} {
		goos, goarch, _ := strings.Cut(target, "/")
		b.vet(t, "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+goarch)
	}
	b.test(t)
}

// generateArchives runs the command on the files of archives, as modules under a path.
func generateArchives(t *testing.T, path, pattern string) {
	t.Helper()
	root, err := testmodule.Root()
	if err != nil {
		t.Fatal(err)
	}
	archives, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
	if err != nil || len(archives) == 0 {
		t.Fatalf("%s: got %d archives, error %v", pattern, len(archives), err)
	}
	for _, name := range archives {
		t.Run(filepath.Base(name), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			if err := testmodule.Write(dir, path); err != nil {
				t.Fatal(err)
			}
			for i := range a.Files { // one package does not compile on purpose; here it must
				a.Files[i].Data = bytes.ReplaceAll(a.Files[i].Data, []byte("notDeclared()"), nil)
			}
			if err := txtar.Write(a, dir); err != nil {
				t.Fatal(err)
			}
			t.Chdir(dir)
			start := time.Now()
			var out bytes.Buffer
			if code := run([]string{"./..."}, &out, &out); code != exitOK {
				t.Fatalf("got exit code %d\n%s", code, &out)
			}
			if err := keep(os.Getenv(keepVar), start); err != nil {
				t.Fatal(err)
			}
		})
	}
}
