package runtime_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// However the file is replaced, the manager gets the new keys, with one event.
func TestWatchKeys(t *testing.T) {
	if testing.Short() {
		t.Skip("this test sleeps")
	}
	const text = keyB + "\n" + keyA + "\n"
	for name, replace := range map[string]func(w *watched){
		"in place": func(w *watched) { write(w, w.path, text) },
		"rename": func(w *watched) {
			write(w, w.path+".new", text)
			must(w, os.Rename(w.path+".new", w.path))
		},
		"deleted and made again": func(w *watched) {
			must(w, os.Remove(w.path))
			write(w, w.path, text)
		},
		"of the same length": func(w *watched) {
			info, err := os.Stat(w.path)
			must(w, err)
			write(w, w.path, keyB+"\n")
			must(w, os.Chtimes(w.path, time.Time{}, info.ModTime()))
		},
		"symbolic link": func(w *watched) {
			write(w, filepath.Join(w.dir, "other"), text)
			must(w, os.Symlink("other", w.path+".new"))
			must(w, os.Rename(w.path+".new", w.path))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := watchKeys(t)
				w.after(time.Minute)
				replace(w)
				w.after(keyFileInterval+keyFilePause, replaced)
				if !seals(t, w.Manager, keyB) {
					t.Error("the new key is not in use")
				}
				w.after(time.Hour)
			})
		})
	}
}

// Keys are compared, and not their ids of 32 bits: two keys with the same id, found by trying, are two keys.
func TestWatchKeysOfTheSameID(t *testing.T) {
	const one, two = "AAFpdgQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "AAGE7gQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
	_, err := runtime.NewManager(runtime.Config{Keys: parseKeys(t, one+" "+two)}, wrap, fields...)
	if err == nil || !strings.Contains(err.Error(), "the same key id") {
		t.Errorf("for both keys in one ring: got error %v", err)
	}
	synctest.Test(t, func(t *testing.T) {
		w := watchKeys(t)
		for _, key := range []string{one, two} {
			write(w, w.path, key)
			w.after(keyFileInterval+keyFilePause, replaced)
			if !seals(t, w.Manager, key) {
				t.Error("the new key is not in use")
			}
		}
		if opens(t, w.Manager, one) {
			t.Error("the old key is still in use")
		}
	})
}

// Kubernetes mounts a secret as links through ..data, a link that it replaces.
func TestWatchKeysOfMountedSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watchKeys(t)
		point := func(version, text string) {
			must(t, os.Mkdir(filepath.Join(w.dir, version), 0o700))
			write(t, filepath.Join(w.dir, version, "keys"), text)
			must(t, os.Symlink(version, filepath.Join(w.dir, "..data_tmp")))
			must(t, os.Rename(filepath.Join(w.dir, "..data_tmp"), filepath.Join(w.dir, "..data")))
		}
		point("..one", keyA)
		must(t, os.Remove(w.path))
		must(t, os.Symlink("..data/keys", w.path))
		w.after(time.Minute)
		for _, key := range []string{keyB, keyC} {
			point("..of "+key, key)
			must(t, os.RemoveAll(filepath.Join(w.dir, "..one")))
			w.after(keyFileInterval+keyFilePause, replaced)
			if !seals(t, w.Manager, key) || opens(t, w.Manager, keyA) {
				t.Error("the keys of the mounted secret are not in use")
			}
		}
	})
}

// A faulty file leaves the keys unchanged, and is reported once until the file is good again.
func TestWatchKeysFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("this test sleeps")
	}
	var many []string
	for range 65 {
		many = append(many, runtime.GenerateKey())
	}
	for name, c := range map[string]struct {
		text, want string // PATH stands for the file
	}{
		"missing":     {"", "reading keys: open PATH: no such file or directory"},
		"a directory": {"", "PATH is not a regular file"},
		"empty":       {"\n", "no keys in PATH: sessiongen key prints one"},
		"half a key":  {keyB[:20], "key 1 of 1 in PATH has 15 bytes, not 32: sessiongen key prints a good one"},
		"many faults": {keyB + "\n" + keyB + "\n" + keyB, "key 2 of 3 in PATH is the same as key 1, and more"},
		"too large":   {strings.Repeat(keyB, 2000), "PATH is too large for a file of keys: more than 65536 bytes"},
		"65 keys":     {strings.Join(many, "\n"), "65 keys, want at most 64"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := watchKeys(t)
				fault := runtime.Event{Kind: runtime.EventKeysFailed, Reason: strings.ReplaceAll(c.want, "PATH", w.path)}
				for range 2 {
					must(t, os.Remove(w.path))
					switch {
					case name == "a directory":
						must(t, os.Mkdir(w.path, 0o700))
					case c.text != "":
						write(t, w.path, c.text)
					}
					w.after(keyFileInterval+keyFilePause, fault)
					w.after(time.Hour)
					if !seals(t, w.Manager, keyA) {
						t.Error("the keys changed")
					}
					must(t, os.RemoveAll(w.path))
					write(t, w.path, keyA)
					w.after(keyFileInterval+keyFilePause, unchanged)
					w.after(time.Hour)
				}
			})
		})
	}
}

// Faults that come by turns are told once each, and other keys end them too.
func TestWatchKeysFaultsByTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watchKeys(t)
		fault := func(reason string) runtime.Event {
			return runtime.Event{Kind: runtime.EventKeysFailed, Reason: reason}
		}
		empty := fault("no keys in " + w.path + ": sessiongen key prints one")
		short := fault("key 1 of 1 in " + w.path + " has 3 bytes, not 32: sessiongen key prints a good one")
		write(t, w.path, "")
		w.after(time.Minute, empty)
		write(t, w.path, "abcd")
		w.after(time.Minute, short)
		write(t, w.path, "")
		w.after(time.Minute)
		write(t, w.path, keyB)
		w.after(time.Minute, replaced)
		write(t, w.path, "")
		w.after(time.Minute, empty)
	})
}

// The content of a file that is still being written does not count, be it good keys or a fault.
func TestWatchKeysHalfWritten(t *testing.T) {
	for _, half := range []string{"", keyB[:20], keyB + "\n", keyB + "\n" + keyA[:20]} {
		for text, want := range map[string][]runtime.Event{
			keyB + "\n" + keyA: {replaced},
			keyA:               nil, // as before
			"no key":           {{Kind: runtime.EventKeysFailed, Reason: "key 1 of 2 in PATH is not base64: sessiongen key prints a good one, and more"}},
		} {
			synctest.Test(t, func(t *testing.T) {
				w := watchKeys(t)
				for i := range want {
					want[i].Reason = strings.ReplaceAll(want[i].Reason, "PATH", w.path)
				}
				time.Sleep(keyFileInterval - keyFilePause/2)
				write(t, w.path, half)
				w.after(keyFilePause) // it was seen once
				write(t, w.path, text)
				w.after(keyFilePause) // and something else the second time
				w.after(keyFilePause, want...)
				w.after(time.Minute)
			})
		}
	}
}

// The file is looked at when the watch begins, every 10 seconds, and again a second after
// a change.
func TestWatchKeysSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watchKeys(t)
		const moment = time.Millisecond
		time.Sleep(moment)
		write(t, w.path, keyB)
		w.after(keyFileInterval + keyFilePause - 2*moment)
		w.after(moment, replaced)
		write(t, w.path, keyC)
		w.after(keyFileInterval + keyFilePause - moment)
		w.after(moment, replaced)

		ctx, cancel := context.WithCancel(t.Context())
		other := newManager(t, runtime.Config{Keys: parseKeys(t, keyA)})
		go other.WatchKeys(ctx, w.path)
		time.Sleep(keyFilePause)
		synctest.Wait()
		if !seals(t, other, keyC) {
			t.Error("a file that differs at the beginning is not read at the first look")
		}
		cancel()
	})
}

// The file is what counts: keys that the program sets itself do not last.
func TestWatchKeysAndSetKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watchKeys(t)
		must(t, w.SetKeys(parseKeys(t, keyA+" "+keyB)))
		w.after(keyFileInterval+keyFilePause, replaced)
		if opens(t, w.Manager, keyB) {
			t.Error("the keys of the file are not in use")
		}
	})
}

func TestWatchKeysEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "keys")
		var log eventLog
		m := newManager(t, runtime.Config{OnEvent: log.record})
		for _, wait := range []time.Duration{0, keyFilePause / 2, time.Minute} {
			ctx, cancel := context.WithCancel(t.Context())
			write(t, path, keyB)
			done := make(chan struct{})
			go func() {
				defer close(done)
				m.WatchKeys(ctx, path)
			}()
			time.Sleep(wait)
			cancel()
			synctest.Wait()
			select {
			case <-done:
			default:
				t.Errorf("after %v, WatchKeys has not returned with its context", wait)
			}
			log.take()
			write(t, path, keyC)
			time.Sleep(time.Minute)
			log.expect(t)
		}
	})
}

func TestWatchKeysLogs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := captureLog(t)
		path := filepath.Join(t.TempDir(), "keys")
		write(t, path, keyB+"\n"+keyC[:30])
		m, err := runtime.NewManager(runtime.Config{Keys: parseKeys(t, keyA)}, wrap, fields...)
		must(t, err)
		go m.WatchKeys(t.Context(), path)
		time.Sleep(time.Minute)
		write(t, path, keyB+"\n"+keyC)
		time.Sleep(time.Minute)
		synctest.Wait()

		var got [][2]string
		for line := range strings.Lines(log.String()) {
			var l struct{ Level, Msg, Cookie, Reason string }
			must(t, json.Unmarshal([]byte(line), &l))
			if l.Cookie != "__Host-session" || l.Reason == "" {
				t.Errorf("the log has the line %s", line)
			}
			got = append(got, [2]string{l.Level, l.Msg})
		}
		want := [][2]string{{"ERROR", "session: keys failed"}, {"INFO", "session: keys read"}}
		if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
			t.Errorf("got log %q, want %q", got, want)
		}
		for _, key := range []string{keyA, keyB, keyC} {
			noKey(t, log.String(), key)
		}
	})
}
