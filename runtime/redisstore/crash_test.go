package redisstore_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/sessiongen/sessiongen/internal/long"
	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/redisstore"
	"github.com/sessiongen/sessiongen/runtime/storetest"
)

var cycles = flag.Int("cycles", long.Of(10, 50), "how often a process is killed while it writes")

// checked returns data that identifies a version, and that a damaged record would not have.
func checked(version uint64) []byte {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, version))
	return bytes.Repeat(sum[:], 1+int(version%300))
}

// An acknowledged is the last known state of a key that one goroutine writes to.
type acknowledged struct {
	key, principal string
	version        uint64 // the last acknowledged one, 0 for none
}

// write changes the record until it fails.
func (a *acknowledged) write(ctx context.Context, s runtime.Store, tell func()) error {
	for {
		next := record(a.version+1, a.principal, checked(a.version+1))
		var err error
		if a.version == 0 {
			err = s.Insert(ctx, a.key, next)
		} else {
			err = s.Replace(ctx, a.key, a.version, next)
		}
		if err != nil {
			return err
		}
		a.version++
		tell()
	}
}

// check fails the test unless the record has the acknowledged version, or the next one, whose write was in
// progress.
func (a *acknowledged) check(t *testing.T, s runtime.Store) {
	t.Helper()
	r, err := s.Load(t.Context(), a.key)
	if errors.Is(err, runtime.ErrNoRecord) && a.version == 0 {
		return
	}
	if err != nil {
		t.Fatalf("after version %d was acknowledged, Load returns %v", a.version, err)
	}
	if r.Version != a.version && r.Version != a.version+1 {
		t.Fatalf("after version %d was acknowledged, Load returns version %d", a.version, r.Version)
	}
	if !bytes.Equal(r.Data, checked(r.Version)) {
		t.Fatalf("the data of version %d is damaged", r.Version)
	}
	listed, err := storetest.List(t.Context(), s, a.principal)
	if err != nil || listed[a.key].Version != r.Version {
		t.Fatalf("List does not find version %d: %v", r.Version, err)
	}
	a.version = r.Version
}

func TestServerIsKilled(t *testing.T) {
	server := startServer(t, durable...)
	s := redisstore.New(server.client(t), redisstore.Options{})
	var records []*acknowledged
	p := name()
	for i := range 8 {
		a := &acknowledged{key: name(), principal: p}
		if i%2 == 0 {
			a.principal = name()
		}
		records = append(records, a)
	}
	writes := uint64(0)
	for range *cycles {
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		started := make(chan struct{}, 1)
		for _, a := range records {
			wg.Go(func() {
				err := a.write(ctx, s, func() {
					select {
					case started <- struct{}{}:
					default:
					}
				})
				if !failed(err) {
					t.Errorf("with a killed server: got error %v", err)
				}
			})
		}
		<-started
		time.Sleep(rand.N(30 * time.Millisecond))
		server.kill()
		cancel()
		wg.Wait()
		server.start()
		eventually(t, "the store recovers", func() error { return works(t.Context(), s) })
		for _, a := range records {
			a.check(t, s)
		}
	}
	for _, a := range records {
		writes += a.version
	}
	t.Logf("%d changes, killed %d times", writes, *cycles)
}

// TestWriterIsKilled runs this program as a writer, and kills it.
func TestWriterIsKilled(t *testing.T) {
	server := startServer(t)
	s := redisstore.New(server.client(t), redisstore.Options{})
	a := &acknowledged{key: name(), principal: name()}
	for range *cycles {
		self, err := os.Executable()
		must(t, err)
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), "SESSIONGEN_WRITER="+strings.Join([]string{server.addr(), a.key, a.principal, fmt.Sprint(a.version)}, " "))
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		lines := bufio.NewScanner(out)
		if !lines.Scan() {
			t.Fatal("the writer wrote nothing")
		}
		time.AfterFunc(rand.N(20*time.Millisecond), func() { _ = cmd.Process.Kill() })
		for more := true; more; more = lines.Scan() {
			// The last line may be cut off.
			if version, whole := strings.CutSuffix(lines.Text(), "."); whole {
				_, err := fmt.Sscan(version, &a.version)
				must(t, err)
			}
		}
		_ = cmd.Wait()
		// Its last commands may still be on their way.
		eventually(t, "its connections end", func() error {
			if n := strings.Count(redisCLI(t, "-p", server.port, "client", "list"), "name=writer"); n > 0 {
				return fmt.Errorf("%d connections are left", n)
			}
			return nil
		})
		// It may have been killed before it printed the acknowledged version.
		a.check(t, s)
	}
	t.Logf("%d changes, killed %d times", a.version, *cycles)
}

// writer changes a record until it is killed, and prints each acknowledged version.
func writer() {
	var addr string
	var a acknowledged
	_, err := fmt.Sscan(os.Getenv("SESSIONGEN_WRITER"), &addr, &a.key, &a.principal, &a.version)
	if err == nil {
		client := redis.NewClient(&redis.Options{Addr: addr, ClientName: "writer"})
		err = a.write(context.Background(), redisstore.New(client, redisstore.Options{}), func() {
			fmt.Printf("%d.\n", a.version)
		})
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
