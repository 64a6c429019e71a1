package runtime

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// maxKeyFile is how much of a key file is read, in bytes. 64 keys take 3 KiB.
const maxKeyFile = 64 << 10

const (
	// keyFileInterval is how often WatchKeys reads its file.
	keyFileInterval = 10 * time.Second

	// keyFilePause is how long after a change WatchKeys reads the file again. The change counts if
	// the file is still the same; otherwise it may have been read while it was being written.
	keyFilePause = time.Second
)

// ReadKeys reads keys from a file, as [ParseKeys] does from text. The error names the file and shows
// nothing of its content.
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
// It reads the file every 10 seconds. When the file has changed and then stayed the same for a
// second, WatchKeys calls SetKeys. It does not matter how the file is replaced, on which file
// system, or through which symbolic links. If the file is missing, unreadable or faulty, the manager
// keeps its keys. Config.OnEvent gets each fault once until the file is good again.
//
// Do not call SetKeys yourself meanwhile: WatchKeys restores the keys of the file.
func (m *Manager[S]) WatchKeys(ctx context.Context, path string) {
	w := keyWatch{manager: &m.manager, ctx: ctx, path: path}
	for ctx.Err() == nil {
		select {
		case <-time.After(w.look()):
		case <-ctx.Done():
		}
	}
}

// A keyWatch is the state of one call of WatchKeys.
type keyWatch struct {
	manager *manager
	ctx     context.Context
	path    string
	last    keyFile
	faults  map[string]bool // the faults that were reported since the file was last good
}

// keyFile is what a key file contained: keys, or a fault.
type keyFile struct {
	rings *rings
	fault string
}

// look reads the file and returns how long to wait before the next time.
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
		fault += ", and more" // a file of another kind may have thousands of faults
	}
	return keyFile{fault: fault}
}

func (w *keyWatch) readKeys() (Keys, error) {
	// Opening a pipe would wait for a writer, perhaps forever.
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
