// Generator measures how fast sessiongen runs, and prints ratios: between runs of whole processes
// that take turns, so that whatever else the machine does meets both alike. From the bench folder:
//
//	go run ./cmd/generator
//
// The rows are: a package that imports net/http, beside stringer on the same package; a hundred
// packages in one call, beside one; a schema of a thousand fields, beside one of a hundred; a large package that was
// edited, beside one that was never generated. All runs are warm, and but for the last have nothing new to write. The exit code is 1 if a ratio is above its target, or if
// a run with nothing to do wrote something.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

var rounds = flag.Int("rounds", 21, "how often each pair is run")

func main() {
	log.SetFlags(0)
	flag.Parse()
	ok, err := measure()
	if err != nil {
		log.Fatal(err)
	}
	if !ok {
		os.Exit(1)
	}
}

// A command is a program with its arguments, and the directory to run it in.
type command struct {
	dir    string
	args   []string
	before func() error // what to do before each run; it is not measured
}

func measure() (ok bool, err error) {
	root, err := filepath.Abs("..")
	if err != nil {
		return false, err
	}
	tmp, err := os.MkdirTemp("", "generator")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(tmp)
	sessiongen, stringer := filepath.Join(tmp, "sessiongen"), filepath.Join(tmp, "stringer")
	for program, pkg := range map[string]string{sessiongen: "./cmd/sessiongen", stringer: "golang.org/x/tools/cmd/stringer"} {
		if _, err := run(command{dir: root, args: []string{"go", "build", "-o", program, pkg}}); err != nil {
			return false, err
		}
	}
	dir := filepath.Join(tmp, "module")
	if err := writeModule(dir, root); err != nil {
		return false, err
	}

	ok = true
	in := func(dir string, args ...string) command { return command{dir: dir, args: args} }
	again, first := in(dir+"/again", sessiongen), in(dir+"/first", sessiongen)
	again.before = func() error { return touch(again.dir) }
	first.before = func() error {
		return errors.Join(touch(first.dir), os.RemoveAll(filepath.Join(first.dir, "session_gen.go")))
	}
	for _, row := range []struct {
		name   string
		a, b   command
		target float64
	}{
		{"net/http : stringer", in(dir+"/web", sessiongen), in(dir+"/web", stringer, "-type", "Color"), 1.2},
		{"100 packages : 1", in(dir, sessiongen, "./many/..."), in(dir, sessiongen, "./many/p0"), 6},
		{"1,000 fields : 100", in(dir+"/f1000", sessiongen), in(dir+"/f100", sessiongen), 3},
		{"edited : new", again, first, 1.2},
	} {
		a, b, ratio, err := pairs(row.a, row.b)
		if err != nil {
			return false, err
		}
		verdict := "ok"
		if ratio > row.target {
			verdict, ok = "TOO SLOW", false
		}
		fmt.Printf("%-20s %6.0f ms : %4.0f ms = %5.2f   target %.1f   %s\n",
			row.name, milliseconds(a), milliseconds(b), ratio, row.target, verdict)
	}
	written, err := idle(dir, sessiongen)
	if err != nil {
		return false, err
	}
	fmt.Printf("nothing to do: %d files written\n", written)
	return ok && written == 0, nil
}

// pairs runs a and b in turns. The times are medians, and the ratio is the median of each pair's.
func pairs(a, b command) (medianA, medianB time.Duration, ratio float64, err error) {
	var as, bs []time.Duration
	var ratios []float64
	for i := range *rounds + 2 {
		first, err := run(a)
		if err != nil {
			return 0, 0, 0, err
		}
		second, err := run(b)
		if err != nil {
			return 0, 0, 0, err
		}
		if i < 2 {
			continue // to warm up, and to write what is not there yet
		}
		as, bs = append(as, first), append(bs, second)
		ratios = append(ratios, float64(first)/float64(second))
	}
	return median(as), median(bs), median(ratios), nil
}

func run(c command) (time.Duration, error) {
	cmd := exec.Command(c.args[0], c.args[1:]...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if c.before != nil {
		if err := c.before(); err != nil {
			return 0, err
		}
	}
	start := time.Now()
	err := cmd.Run()
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s", strings.Join(c.args, " "), err, &out)
	}
	return time.Since(start), err
}

// touch edits a package, so that the go command would have to compile it again.
func touch(dir string) error {
	f, err := os.OpenFile(filepath.Join(dir, "large.go"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "\n// %v\n", time.Now())
	return errors.Join(err, f.Close())
}

// idle counts the files that a run without anything to do writes all the same.
func idle(dir, sessiongen string) (written int, err error) {
	long := time.Now().Add(-time.Hour)
	var files []string
	err = filepath.Walk(dir, func(name string, info os.FileInfo, err error) error {
		if err == nil && info.Name() == "session_gen.go" {
			files = append(files, name)
			err = os.Chtimes(name, long, long)
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	if _, err := run(command{dir: dir, args: []string{sessiongen, "./..."}}); err != nil {
		return 0, err
	}
	for _, name := range files {
		info, err := os.Stat(name)
		if err != nil {
			return 0, err
		}
		if info.ModTime().Sub(long).Abs() > time.Minute {
			written++
		}
	}
	return written, nil
}

// writeModule writes the packages that are measured.
func writeModule(dir, root string) error {
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return err
	}
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		return err
	}
	const path = "github.com/sessiongen/sessiongen"
	mod = bytes.Replace(mod, []byte("module "+path), fmt.Appendf(nil,
		"module example.com/bench\n\nrequire %s v0.0.0\n\nreplace %[1]s => %q", path, root), 1)
	files := map[string]string{
		"go.mod":           string(mod),
		"go.sum":           string(sum),
		"web/web.go":       web,
		"f100/session.go":  fields("f100", 100),
		"f1000/session.go": fields("f1000", 1000),
		"again/session.go": strings.Replace(web, "package web", "package again", 1),
		"first/session.go": strings.Replace(web, "package web", "package first", 1),
		"again/large.go":   large("again"),
		"first/large.go":   large("first"),
	}
	for i := range 100 {
		name := fmt.Sprintf("p%d", i)
		files["many/"+name+"/session.go"] = strings.Replace(web, "package web", "package "+name, 1)
	}
	for name, text := range files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			return err
		}
	}
	return nil
}

// web has something for both programs.
const web = `package web

import "net/http"

// session is what the site remembers about a visitor.
type session struct {
	// Username is the visitor's login name.
	Username string        ` + "`session:\"username,max=64\"`" + `
	UserID   int64         ` + "`session:\"user_id,principal\"`" + `
	Visits   int           ` + "`session:\"visits\"`" + `
	Roles    []string      ` + "`session:\"roles\"`" + `
	Cart     []Item        ` + "`session:\"cart\"`" + `
	SameSite http.SameSite ` + "`session:\"same_site\"`" + `
}

// Item is a line of the cart.
type Item struct {
	SKU   string
	Price float64
	Color Color
}

type Color int

const (
	Red Color = iota
	Green
	Blue
)

// Handler logs in.
func Handler(w http.ResponseWriter, r *http.Request) {
	SessionFrom(r.Context()).SetUsername(r.FormValue("username"))
}
`

// fields is a schema of n fields of mixed types.
func fields(pkg string, n int) string {
	types := []string{"string", "int64", "[]string", "bool", "map[string]int", "time.Time", "*Item", "[]byte", "float64", "Item"}
	var b strings.Builder
	fmt.Fprintf(&b, "package %s\n\nimport \"time\"\n\ntype Item struct {\n\tSKU  string\n\tWhen time.Time\n}\n\ntype session struct {\n", pkg)
	for i := range n {
		fmt.Fprintf(&b, "\tField%d %s `session:\"field%d\"`\n", i, types[i%len(types)], i)
	}
	b.WriteString("}\n")
	return b.String()
}

// large is a file that takes the compiler a while.
func large(pkg string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "package %s\n", pkg)
	for i := range 3000 {
		fmt.Fprintf(&b, "\nfunc f%d(m map[string]int, x []string) (n int) {\n\tfor i, k := range x {\n\t\tm[k] += i * %[1]d\n\t\tn += len(k) + m[k+\"x\"]\n\t}\n\treturn n\n}\n", i)
	}
	return b.String()
}

func median[T time.Duration | float64](list []T) T {
	slices.Sort(list)
	return list[len(list)/2]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
