package legacy

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/oldsession"
)

// gorillaFiles has the sessions of a FilesystemStore.
type gorillaFiles struct{ gorillaRecords }

// readTries is how often a file is read at most. The old program may be writing it.
const readTries = 3

// open reads the session whose id is in a cookie.
func (g *gorillaFiles) open(ctx context.Context, value string, now time.Time) (*oldsession.Session, error) {
	old, err := g.openID(value, now)
	if err != nil {
		return nil, err
	}
	for try := range readTries {
		if try > 0 {
			time.Sleep(5 * time.Millisecond)
		}
		err = g.read(ctx, old, now)
		if !errors.Is(err, oldsession.ErrForged) && !errors.Is(err, oldsession.ErrMalformed) {
			break
		}
	}
	return old, err
}

// A directory has a file for each session.
type directory string

func (d directory) path(id string) string { return filepath.Join(string(d), "session_"+id) }

// isFileID reports whether an id is base32, like gorilla's ids. Such an id cannot lead out of the directory.
func isFileID(id string) bool {
	return 0 < len(id) && len(id) <= 128 && strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}

// Find implements Records. If a file is too large, the result is longer than maxRecord.
func (d directory) Find(_ context.Context, id string) (text []byte, left time.Duration, err error) {
	if !isFileID(id) {
		return nil, 0, nil
	}
	f, err := os.Open(d.path(id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	text, err = io.ReadAll(io.LimitReader(f, maxRecord+1))
	return text, 0, err
}

// Delete implements Records.
func (d directory) Delete(_ context.Context, id string) error {
	if !isFileID(id) {
		return nil
	}
	err := os.Remove(d.path(id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
