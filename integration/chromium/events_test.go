package chromium

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

// While a stream of server-sent events is open and slow reading requests are in progress, one request writes: nothing
// takes the browser's session back to its old state.
func TestEventStream(t *testing.T) {
	for name, cfg := range map[string]runtime.Config{"HTTP/2": {}, "HTTP/1.1": {Insecure: true}} {
		t.Run(name, func(t *testing.T) {
			const readers = 3
			s, b := newSite(t, cfg), newBrowser(t)
			var entered sync.WaitGroup
			entered.Add(readers)
			written := make(chan struct{})
			release := sync.OnceFunc(func() { close(written) })
			t.Cleanup(release)

			s.HandleFunc("/stream", func(w http.ResponseWriter, r *http.Request) {
				if r.Proto != name && r.Proto != name+".0" {
					t.Errorf("the browser uses %s", r.Proto)
				}
				v := SessionFrom(r.Context())
				v.SetNote("stream")
				w.Header().Set("Content-Type", "text/event-stream")
				for range 2 {
					fmt.Fprintf(w, "data: %s\n\n", text(v))
					if err := http.NewResponseController(w).Flush(); err != nil {
						t.Error(err)
					}
					<-written
				}
			})
			s.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
				v := SessionFrom(r.Context())
				before := text(v)
				entered.Done()
				<-written
				io.WriteString(w, before+","+text(v))
			})
			s.HandleFunc("/write", func(w http.ResponseWriter, r *http.Request) {
				entered.Wait()
				SessionFrom(r.Context()).SetNote("written")
			})
			s.HandleFunc("/release", func(w http.ResponseWriter, r *http.Request) { release() })

			b.visit(s.at("site.test", "/login"))
			first := b.script(`
				var get = async path => (await fetch(path)).text();
				var events = new EventSource("/stream");
				var message = () => new Promise((resolve, reject) => {
					events.onmessage = event => resolve(event.data);
					events.onerror = reject;
				});
				message()`)
			if first != "hubo 6" {
				t.Errorf("the stream begins with %q, want hubo 6", first)
			}
			if got := b.get("/read"); got != "hubo 6" {
				t.Errorf("while the stream is open, the session is %q: its cookie did not come with the first event", got)
			}

			// Each has its own address: the browser would let equal ones wait for each other.
			got := b.script(fmt.Sprintf(`(async () => {
				const reads = Array.from({length: %d}, (_, i) => get("/slow?" + i));
				await get("/write");
				const last = message();
				await get("/release");
				const all = await Promise.all([last, ...reads]);
				events.close();
				return all.join("; ");
			})()`, readers))
			if want := "hubo 6" + strings.Repeat("; hubo 6,hubo 6", readers); got != want {
				t.Errorf("the stream and the slow requests saw\n%s, want\n%s", got, want)
			}
			if got := b.get("/read"); got != "hubo 7" {
				t.Errorf("the session is %q afterwards: the write is lost", got)
			}
		})
	}
}
