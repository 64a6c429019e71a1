package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"go.mod":     "module example.org/shop\n\ngo 1.26\n",
		"good/a.go":  "package good\n\ntype session struct {\n\tA int `session:\"a\"`\n}\n",
		"bad/a.go":   "package bad\n\ntype session struct {\n\tA chan int `session:\"a\"`\n}\n",
		"hand/a.go":  "package hand\n\ntype session struct {\n\tA int `session:\"a\"`\n}\n",
		"empty/a.go": "package empty\n",

		"hand/session_gen.go": "package hand\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	for _, c := range []struct {
		args []string
		want int
	}{
		{[]string{"-version"}, exitOK},
		{[]string{"key"}, exitOK},
		{[]string{"version"}, exitOK},
		{[]string{"help"}, exitOK},
		{[]string{"help", "options"}, exitOK},
		{[]string{"help", "nonsense"}, exitUsage},
		{[]string{"init", "here"}, exitUsage},
		{[]string{"inspect", "-nonsense"}, exitUsage},
		{[]string{"inspect", "-h"}, exitOK},
		{[]string{"-h"}, exitOK},
		{[]string{"-nonsense"}, exitUsage},
		{[]string{"-output", "dir/x.go", "./good"}, exitUsage},
		{[]string{"./nowhere"}, exitUsage},
		{[]string{"./empty"}, exitUsage},
		{[]string{"-type", "nobody", "./good"}, exitUsage},
		{[]string{"./bad"}, exitFindings},
		{[]string{"./hand"}, exitFindings},
		{[]string{"-check", "./good"}, exitFindings},
		{[]string{"./good"}, exitOK},
		{[]string{"-check", "./good"}, exitOK},
		{[]string{"./good"}, exitOK},
	} {
		if got := run(c.args, io.Discard, io.Discard); got != c.want {
			t.Errorf("sessiongen %q exits with %d, want %d", c.args, got, c.want)
		}
	}
}
