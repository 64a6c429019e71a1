package migrate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A journal is a file beside the program while files are written. If the command is killed meanwhile, some files are new and
// others are old, and what the program means to say can no longer be read: the next run finishes what the journal has.
const journalName = ".sessiongen-migrate"

func journalOf(dir string) string { return filepath.Join(dir, journalName) }

// writeJournal notes a run. The file is there as a whole, or not at all.
func (res *Result) writeJournal() error {
	text, err := json.Marshal(res)
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
	for _, f := range res.Files {
		if now := contentOf(f.Path); !f.isOld(now) && !bytes.Equal(now, f.New) {
			return nil, fmt.Errorf("%s has changed since a run was killed: bring it back to what it was before that run, or remove %s",
				relative(dir, f.Path), journalName)
		}
	}
	res.Notes = append(res.Notes, "a run that was killed is finished")
	return res, nil
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

// sweep removes the files under temporary names that a killed run left in the place of a file.
func (f File) sweep() error {
	names, err := filepath.Glob(filepath.Join(filepath.Dir(f.Path), "."+filepath.Base(f.Path)+".*"))
	for _, name := range names {
		if bytes.Equal(contentOf(name), f.New) {
			err = errors.Join(err, os.Remove(name))
		}
	}
	return err
}
