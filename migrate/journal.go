package migrate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// A journal is a file beside the program while files are written. If the command is killed meanwhile, some files are new and
// others are old, and what the program means to say can no longer be read: the next run finishes what the journal has.
const journalName = ".sessiongen-migrate"

func journalOf(dir string) string { return filepath.Join(dir, journalName) }

// writeJournal notes a run, with the files by where they are from here. The file is there as a whole, or not at all.
func (res *Result) writeJournal() error {
	noted := *res
	noted.Files = slices.Clone(res.Files)
	for i := range noted.Files {
		noted.Files[i].Path = relative(res.dir, noted.Files[i].Path)
	}
	text, err := json.Marshal(noted)
	if err != nil {
		return err
	}
	name := journalOf(res.dir)
	if err := os.WriteFile(name+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}

// interrupted is the run that was killed while it wrote, nil if there is none.
func interrupted(dir string) (*Result, error) {
	text, err := os.ReadFile(journalOf(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	res := &Result{dir: dir}
	if err := json.Unmarshal(text, res); err != nil {
		return nil, fmt.Errorf("%s: %w", journalName, err)
	}
	for i := range res.Files {
		f := &res.Files[i]
		if f.Path = filepath.Join(dir, filepath.FromSlash(f.Path)); !inModule(dir, f.Path) {
			return nil, fmt.Errorf("%s names a file that is not of this module, %s: remove %[1]s", journalName, f.Path)
		}
		if now := contentOf(f.Path); !f.isOld(now) && !bytes.Equal(now, f.New) {
			return nil, fmt.Errorf("%s has changed since a run was killed: bring it back to what it was before that run, or remove %s",
				relative(dir, f.Path), journalName)
		}
	}
	res.Notes = append(res.Notes, "a run that was killed is finished")
	return res, nil
}

// inModule reports whether a file is, or would come to be, in the module of a directory, or below the directory if that is
// of none. A journal may have come with the program, and must not write elsewhere, by a symbolic link either.
func inModule(dir, path string) bool {
	root := resolved(dir)
	for up := root; filepath.Dir(up) != up; up = filepath.Dir(up) {
		if exists(filepath.Join(up, "go.mod")) {
			root = up
			break
		}
	}
	rel, err := filepath.Rel(root, resolved(path))
	return err == nil && filepath.IsLocal(rel)
}

// resolved is an absolute path without symbolic links, as far as it is there.
func resolved(path string) string {
	path, err := filepath.Abs(path)
	if err != nil {
		return ""
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	if _, err := os.Lstat(path); err == nil || filepath.Dir(path) == path { // a link to nowhere
		return ""
	}
	up := resolved(filepath.Dir(path))
	if up == "" {
		return ""
	}
	return filepath.Join(up, filepath.Base(path))
}

// isOld reports whether a file has the content that it had before; nil is that of none.
func (f File) isOld(content []byte) bool {
	return (content == nil) == (f.Old == nil) && bytes.Equal(content, f.Old)
}

// contentOf is what a file has, nil if there is none.
func contentOf(path string) []byte {
	text, err := os.ReadFile(path)
	switch {
	case err != nil:
		return nil
	case text == nil:
		return []byte{}
	}
	return text
}

// sweep removes the files under temporary names that a killed run left beside a file, be they whole or not.
func (f File) sweep() error {
	names, err := filepath.Glob(filepath.Join(filepath.Dir(f.Path), "."+filepath.Base(f.Path)+".[0-9]*"))
	for _, name := range names {
		if content := contentOf(name); content != nil && bytes.HasPrefix(f.New, content) {
			err = errors.Join(err, os.Remove(name))
		}
	}
	return err
}
