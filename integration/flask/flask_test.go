package flask

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"
)

var (
	python = flag.String("python", "/usr/bin/python3", "interpreter that has Flask, 2.2 or later")
	update = flag.Bool("update", false, "write the table to "+tableFile)
)

const tableFile = "../../docs/flask.md"

// TestFlask runs the script against both programs, each with its own browser, and compares the table in docs with the
// results.
func TestFlask(t *testing.T) {
	theirs := startFlask(t)
	t.Logf("Flask %s", theirs.Version)
	ours := newPeer()
	server := httptest.NewServer(ours)
	t.Cleanup(server.Close)

	start := time.Now().Truncate(time.Second)
	for _, sc := range script {
		flaskSide := &side{name: "Flask"}
		ourSide := &side{name: "sessiongen", ours: true}
		now := start
		for i, st := range sc.steps {
			if i == 0 || sc.fresh {
				flaskSide.browser = newBrowser(t, theirs.Address)
				ourSide.browser = newBrowser(t, server.Listener.Addr().String())
			}
			now = now.Add(st.wait)
			label := sc.title + ": " + st.title()
			config := sc.config
			if st.config != "" {
				config = st.config
			}
			checkStep(t, label, &st)

			if !configs[config].partitioned || theirs.Partitioned {
				want := st.flask
				if st.noticed != "" && theirs.NoticesEveryUse {
					want = st.noticed
				}
				if got := flaskSide.do(t, label, config, &st, now) + flaskSide.look(t, label, config, &st, now); got != want {
					t.Errorf("%s: Flask\n got  %s\n want %s", label, got, want)
				}
			}
			got, events := "", ""
			if err := ours.refused[config]; err != nil {
				got = "the constructor refuses: " + strings.ReplaceAll(err.Error(), "\n", "; ")
			} else {
				ours.take()
				got = ourSide.do(t, label, config, &st, now)
				events = ours.take()
				got += ourSide.look(t, label, config, &st, now)
			}
			if want := st.ours; got != want {
				t.Errorf("%s: sessiongen\n got  %s\n want %s", label, got, want)
			}
			if events != st.events {
				t.Errorf("%s: events\n got  %s\n want %s", label, events, st.events)
			}
		}
	}
	checkTable(t)
}

// checkStep refuses a difference without a reason, and a reason without a difference. It fills in both results if they
// are the same.
func checkStep(t *testing.T, label string, st *step) {
	t.Helper()
	if st.both != "" {
		if st.flask != "" || st.ours != "" || st.noticed != "" || st.differs != "" {
			t.Errorf("%s: the step has both a common result and separate ones", label)
		}
		st.flask, st.ours = st.both, st.both
	} else if st.flask == "" || st.ours == "" || st.flask == st.ours || st.differs == "" {
		t.Errorf("%s: the step needs two different results and a reason", label)
	}
}

// flaskServer is app.py, as it describes itself.
type flaskServer struct {
	Address         string
	Version         string
	Partitioned     bool // knows Partitioned cookies: 3.1
	NoticesEveryUse bool `json:"notices_every_use"` // 3.1.3
}

func startFlask(t *testing.T) (hello flaskServer) {
	t.Helper()
	if out, err := exec.Command(*python, "-c", "import flask").CombinedOutput(); err != nil {
		t.Fatalf("%s has no Flask, of Debian's package python3-flask: apt-get install python3-flask\n%v\n%s", *python, err, out)
	}
	settings := make(map[string]map[string]any)
	for name, c := range configs {
		settings[name] = c.flask
	}
	input, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(*python, "app.py")
	var log bytes.Buffer
	cmd.Stderr = &log
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close() // ends it
		cmd.Wait()
		if t.Failed() {
			t.Logf("Flask's log:\n%s", &log)
		}
	})
	if _, err := stdin.Write(append(input, '\n')); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &hello)
	}
	if err != nil {
		t.Fatalf("app.py did not start: %v\n%s", errors.Join(err, cmd.Wait()), &log)
	}
	return hello
}

// side is one of the two programs, with the browser that visits it.
type side struct {
	name    string
	browser *browser
	ours    bool
}

// do performs a step and describes its visible results.
func (s *side) do(t *testing.T, label, config string, st *step, now time.Time) string {
	t.Helper()
	j := s.browser.jar
	req := s.request(t, config, st, st.ops, now)
	if st.cookies != nil {
		st.cookies(j, req.URL)
	}
	res, body := s.send(t, req)
	j.instead = nil
	seen := s.describe(t, label, res, body, now)
	if st.secret != "" {
		if shows(j.Cookies(req.URL), st.secret) {
			return seen + "the cookie shows " + st.secret + ", "
		}
		return seen + "the cookie hides " + st.secret + ", "
	}
	return seen
}

// look describes what the next request would find. It changes nothing.
func (s *side) look(t *testing.T, label, config string, st *step, now time.Time) string {
	t.Helper()
	s.browser.jar.frozen = true
	defer func() { s.browser.jar.frozen = false }()
	res, state := s.send(t, s.request(t, config, st, "all", now))
	if res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s answers the second request with %s", label, s.name, res.Status)
	}
	return "then " + single(t, state)
}

func (s *side) request(t *testing.T, config string, st *step, ops string, now time.Time) *http.Request {
	t.Helper()
	url := st.url
	if url == "" {
		url = "http://app.example.test/"
	}
	for name, value := range longValues {
		ops = strings.ReplaceAll(ops, name, `"`+value+`"`)
	}
	req, err := http.NewRequest("POST", url, strings.NewReader(strings.ReplaceAll(ops, "; ", "\n")))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Config", config)
	req.Header.Set("X-Now", fmt.Sprint(now.Unix()))
	return req
}

func (s *side) send(t *testing.T, req *http.Request) (*http.Response, string) {
	t.Helper()
	res, err := s.browser.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}
