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

// The journal is a file in the module's directory while files are written. If the command is killed meanwhile, some
// files are new and others old, and the program no longer makes sense: the next run in any directory of the module
// finishes the writes that the journal lists.
const journalName = ".sessiongen-migrate"

func journalOf(dir string) string { return filepath.Join(moduleRoot(dir), journalName) }

// A journal is a run, with the paths of files relative to the journal's directory.
type journal struct {
	Dir string // that of the run, relative to the journal's
	*Result
}

// writeJournal records a run. The file is written as a whole or not at all.
func (res *Result) writeJournal() error {
	copied := *res
	noted := journal{relative(moduleRoot(res.dir), res.dir), &copied}
	noted.Files = slices.Clone(res.Files)
	for i := range noted.Files {
		noted.Files[i].Path = relative(moduleRoot(res.dir), noted.Files[i].Path)
	}
	text, err := json.Marshal(noted)
	if err != nil {
		return err
	}
	name := journalOf(res.dir)
	err = os.WriteFile(name+".new", text, 0o600)
	if err == nil {
		err = os.Rename(name+".new", name)
	}
	if err != nil {
		os.Remove(name + ".new") // a part of it, on a full disk
	}
	return err
}

// Unfinished returns an error if a run in the module of a directory was killed while it wrote files: only another run,
// which finishes it, makes sense of them.
func Unfinished(dir string) error {
	if !exists(journalOf(dir)) {
		return nil
	}
	return fmt.Errorf("a run of sessiongen migrate was killed while it wrote files: run it again, which finishes that; "+
		"or bring back the files as they were before it, and remove %s", relative(dir, journalOf(dir)))
}

// interrupted returns the run that was killed while writing, or nil.
func interrupted(dir string) (*Result, error) {
	text, err := os.ReadFile(journalOf(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	noted := journal{"", &Result{}}
	if err := json.Unmarshal(text, &noted); err != nil {
		return nil, fmt.Errorf("%s: %w", journalName, err)
	}
	res, root := noted.Result, moduleRoot(dir)
	res.dir = filepath.Join(root, filepath.FromSlash(noted.Dir))
	if moduleRoot(res.dir) != root || !inModule(root, res.dir) {
		return nil, fmt.Errorf("%s names a folder that is not of this module, %s: remove %[1]s", journalName, noted.Dir)
	}
	for i := range res.Files {
		f := &res.Files[i]
		if f.Path = filepath.Join(root, filepath.FromSlash(f.Path)); !inModule(dir, f.Path) {
			return nil, fmt.Errorf("%s names a file that is not of this module, %s: remove %[1]s", journalName, f.Path)
		}
		if now := contentOf(f.Path); !f.isOld(now) && !bytes.Equal(now, f.New) {
			return nil, fmt.Errorf("%s has changed since a run was killed: bring it back to what it was before that run, or remove %s",
				relative(dir, f.Path), journalName)
		}
	}
	finished := "finished a run that was killed"
	if res.dir != filepath.Clean(dir) {
		finished += "; it ran in " + relative(dir, res.dir) + ", and names files as they are there"
	}
	res.Notes = append(res.Notes, finished)
	return res, nil
}

// inModule reports whether a file is or will be in the module of a directory, or below the directory if it is in no
// module. A journal may come with the program, and must not write elsewhere, not even through a symbolic link.
func inModule(dir, path string) bool {
	rel, err := filepath.Rel(resolved(moduleRoot(dir)), resolved(path))
	return err == nil && filepath.IsLocal(rel)
}

// moduleRoot is the directory of the module that a directory is in, or the directory itself if it is in none.
func moduleRoot(dir string) string {
	for up := dir; filepath.Dir(up) != up; up = filepath.Dir(up) {
		if exists(filepath.Join(up, "go.mod")) {
			return up
		}
	}
	return dir
}

// resolved is an absolute path without symbolic links, as far as it exists.
func resolved(path string) string {
	path, err := filepath.Abs(path)
	if err != nil {
		return ""
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	if _, err := os.Lstat(path); err == nil || filepath.Dir(path) == path { // a broken link
		return ""
	}
	up := resolved(filepath.Dir(path))
	if up == "" {
		return ""
	}
	return filepath.Join(up, filepath.Base(path))
}

// isOld reports whether a file still has its old content; nil means that it did not exist.
func (f File) isOld(content []byte) bool {
	return (content == nil) == (f.Old == nil) && bytes.Equal(content, f.Old)
}

// contentOf is a file's content, nil if it does not exist.
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

// sweep removes temporary files that a killed run left beside a file, complete or not.
func (f File) sweep() error {
	names, err := filepath.Glob(filepath.Join(filepath.Dir(f.Path), "."+filepath.Base(f.Path)+".[0-9]*"))
	for _, name := range names {
		if content := contentOf(name); content != nil && bytes.HasPrefix(f.New, content) {
			err = errors.Join(err, os.Remove(name))
		}
	}
	return err
}
