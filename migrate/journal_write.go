package migrate

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"

	"github.com/sessiongen/sessiongen/internal/output"
)

// Write writes all files of a run or, if anything prevents it, none. It moves the lines in Left and Notes to those of
// the written files. If the process is killed meanwhile, the next run finishes it.
func (res *Result) Write() (err error) {
	if len(res.Files) == 0 {
		return nil
	}
	if err := res.writeJournal(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(journalOf(res.dir))) }()
	var made []string // directories
	defer func() {
		for i := len(made) - 1; i >= 0 && err != nil; i-- {
			err = errors.Join(err, os.Remove(made[i]))
		}
	}()
	var changes []output.Change
	for _, f := range res.Files {
		if bytes.Equal(contentOf(f.Path), f.New) { // written by the run that this one finishes
			continue
		}
		dirs, err := makeDir(filepath.Dir(f.Path))
		made = append(made, dirs...)
		if err = errors.Join(err, f.sweep()); err != nil {
			return err
		}
		c, err := output.Edit(f.Path, f.Old, f.New)
		if err != nil {
			return err
		}
		changes = append(changes, c)
	}
	if err := output.Apply(changes); err != nil {
		return err
	}
	res.moved()
	return nil
}

// makeDir makes a directory with its parents, and returns the new ones.
func makeDir(dir string) (made []string, err error) {
	if exists(dir) {
		return nil, nil
	}
	if made, err = makeDir(filepath.Dir(dir)); err != nil {
		return made, err
	}
	return append(made, dir), os.Mkdir(dir, 0o755)
}
