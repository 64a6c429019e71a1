package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/internal/docstest"
)

// A new user follows the README with a release from a module proxy: the commands in an empty folder, the pasted
// program, and curl.
func TestNewUser(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	docstest.UseProxy(t, root)
	pages, err := docstest.Pages(root)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var transcript string
	for _, b := range pages[0].Blocks {
		switch {
		case b.Lang == "sh" && strings.Contains(b.Text, "go mod init"):
			run(t, dir, b.Text)
		case b.Lang == "go" && strings.HasPrefix(b.Text, "package main"):
			if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(b.Text), 0o644); err != nil {
				t.Fatal(err)
			}
		case b.Lang == "console":
			transcript = b.Text
		}
	}
	if !strings.Contains(pages[0].Text, "`go generate && go run .`") {
		t.Fatal("the README does not have these commands")
	}
	run(t, dir, "go generate && go vet ./...")
	program := docstest.Start(t, dir)
	docstest.Console(t, "README.md", dir, strings.ReplaceAll(transcript, "localhost:8080", program.Addr))
}

func run(t *testing.T, dir, commands string) {
	t.Helper()
	cmd := exec.Command("sh", "-ec", commands)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", commands, err, out)
	}
}
