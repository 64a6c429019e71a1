package runtime

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// maxKeyFile bounds how much of a file of keys is read. 64 keys take 3 KiB.
const maxKeyFile = 64 << 10

const (
	// keyFileInterval is how often WatchKeys looks at its file.
	keyFileInterval = 10 * time.Second

	// keyFilePause is how long after a change it looks again. Only what is the same
	// by then counts, as it may have looked while the file was being written.
	keyFilePause = time.Second
)

// ReadKeys reads keys from a file, as [ParseKeys] does from text. The error names the file
// and shows nothing of its content.
func ReadKeys(path string) (Keys, error) {
	file, err := os.Open(path)
	if err != nil {
		return Keys{}, fmt.Errorf("session: reading keys: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxKeyFile+1))
	switch {
	case err != nil:
		return Keys{}, fmt.Errorf("session: reading keys: %w", err)
	case len(text) > maxKeyFile:
		return Keys{}, fmt.Errorf("session: %s is too large for a file of keys: more than %d bytes", path, maxKeyFile)
	}
	return parseKeys(string(text), path)
}

// WatchKeys keeps the manager's keys equal to those in a file, until ctx ends:
//
//	go sessions.WatchKeys(ctx, "/run/secrets/session-keys")
//
// It looks at the file every 10 seconds, and takes over a change, as SetKeys does, once the
// file has stayed the same for a second. It does not matter how the file is replaced, on
// which file system, or through which symbolic links. If the file is missing, unreadable or
// faulty, the manager keeps its keys; Config.OnEvent is told of each fault once until the
// file is good again.
//
// Keys that are set by other means meanwhile do not last: WatchKeys restores those of the file.
func (m *Manager[S]) WatchKeys(ctx context.Context, path string) {
	w := keyWatch{manager: &m.manager, ctx: ctx, path: path}
	for ctx.Err() == nil {
		select {
		case <-time.After(w.look()):
		case <-ctx.Done():
		}
	}
}

// A keyWatch is what a run of WatchKeys knows.
type keyWatch struct {
	manager *manager
	ctx     context.Context
	path    string
	last    keyFile
	faults  map[string]bool // those reported since the file was last good
}

// keyFile is what there was to see in a file of keys: the keys, or a fault.
type keyFile struct {
	rings *rings
	fault string
}

// look looks at the file and returns how long to wait until the next time.
func (w *keyWatch) look() time.Duration {
	seen := w.read()
	last := w.last
	w.last = seen
	switch current := (keyFile{rings: w.manager.rings.Load()}); {
	case len(w.faults) == 0 && seen.same(current):
	case !seen.same(last):
		return keyFilePause
	case seen.fault != "":
		w.fail(seen.fault)
	case seen.same(current):
		w.succeed(KeysUnchanged)
	default:
		w.manager.rings.Store(seen.rings)
		w.succeed(KeysReplaced)
	}
	return keyFileInterval
}

func (w *keyWatch) read() keyFile {
	keys, err := w.readKeys()
	if err == nil {
		var r *rings
		if r, err = w.manager.newRings(keys); err == nil {
			return keyFile{rings: r}
		}
	}
	first, _, more := strings.Cut(err.Error(), "\n")
	fault := strings.TrimPrefix(first, "session: ")
	if more {
		fault += ", and more" // a file of another kind may have thousands of them
	}
	return keyFile{fault: fault}
}

func (w *keyWatch) readKeys() (Keys, error) {
	// Opening a pipe would wait for somebody to write, perhaps forever.
	if info, err := os.Stat(w.path); err == nil && !info.Mode().IsRegular() {
		return Keys{}, fmt.Errorf("session: %s is not a regular file", w.path)
	}
	return ReadKeys(w.path)
}

func (f keyFile) same(other keyFile) bool {
	if f.rings == nil || other.rings == nil {
		return f.rings == other.rings && f.fault == other.fault
	}
	return f.rings.session.Same(other.rings.session)
}

func (w *keyWatch) fail(fault string) {
	if w.faults[fault] {
		return
	}
	if w.faults == nil {
		w.faults = map[string]bool{}
	}
	w.faults[fault] = true
	w.manager.report(w.ctx, Event{Kind: EventKeysFailed, Reason: fault})
}

func (w *keyWatch) succeed(how string) {
	w.faults = nil
	w.manager.report(w.ctx, Event{Kind: EventKeysRead, Reason: how})
}
