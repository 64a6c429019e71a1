// Package randomtest has the test of the whole generator on random schemas.
package randomtest

import (
	"bytes"
	"flag"
	"fmt"
	"go/format"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/gen"
	"github.com/sessiongen/sessiongen/internal/long"
	"github.com/sessiongen/sessiongen/internal/testmodule"
	"github.com/sessiongen/sessiongen/schema"
)

var (
	// The seed is fixed by default, so that a failure comes from the change under test, and so that the build cache
	// knows the schemas.
	seedFlag = flag.Uint64("seed", 1, "seed of the random schemas; 0 chooses one")
	schemas  = flag.Int("schemas", long.Of(8, 200), "number of random schemas")
	values   = flag.Int("values", 12, "number of random values of each field")
	python   = flag.Bool("python", false, "let python3-msgpack decode a sample; needs Debian's package of that name")
	keep     = flag.String("keep", "", "write the module to this directory, and keep it")
)

const (
	own = "github.com/sessiongen/sessiongen"

	// The module has this name because package driver is internal.
	module = own + "/internal/randomtest/random"
)

// TestRandomSchemas makes random schemas, generates their code, compiles everything together, and checks it with
// random values: see package driver.
func TestRandomSchemas(t *testing.T) {
	if testing.Short() {
		t.Skip("this test compiles much")
	}
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	count := *schemas
	t.Logf("repeat with: go test ./internal/randomtest -seed=%d -schemas=%d", seed, count)
	dir := *keep
	if dir == "" {
		dir = testmodule.Dir(t)
	}
	m := &temporary{T: t, dir: dir}
	m.phase("schemas written", func() { m.writeModule(newWorld(seed, count)) })
	m.phase("generated", func() { m.generate(true) })
	m.phase("generated again", func() { m.generate(false) })
	m.phase("vetted", func() { m.run(nil, "go", "vet", "./...") })
	m.phase("built", func() { m.run(nil, "go", "build", "-o", "driver", ".") })
	m.phase("driven", func() {
		samples := 0
		if *python {
			samples = 2
		}
		var out []byte
		for _, m.zone = range []string{"Asia/Kolkata", "America/New_York", "UTC"} {
			out = m.run(nil, "./driver", fmt.Sprint("-seed=", seed), fmt.Sprint("-schemas=", count), fmt.Sprint("-values=", *values), fmt.Sprint("-samples=", samples))
		}
		if !*python {
			return
		}
		script, err := filepath.Abs("decode.py")
		if err != nil {
			t.Fatal(err)
		}
		// Debian's interpreter has Debian's package.
		t.Log(string(m.run(out, "/usr/bin/python3", script)))
	})
}

// temporary is the module of a run.
type temporary struct {
	*testing.T
	dir  string
	zone string // the time zone of its programs
}

func (m *temporary) phase(name string, do func()) {
	start := time.Now()
	do()
	m.Logf("%-16s %5.1fs", name, time.Since(start).Seconds())
}

var goEnv = append(append(os.Environ(), "GOWORK=off"), testmodule.Env(module)...)

// run runs a command in the module, and returns its standard output.
func (m *temporary) run(stdin []byte, name string, args ...string) []byte {
	m.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = m.dir
	cmd.Env = goEnv
	if m.zone != "" {
		cmd.Env = append(slices.Clip(goEnv), "TZ="+m.zone)
	}
	cmd.Stdin = bytes.NewReader(stdin)
	var out, errors bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errors
	if err := cmd.Run(); err != nil {
		m.Fatalf("%s: %v\n%.20000s%.3000s", strings.Join(cmd.Args, " "), err, errors.Bytes(), out.Bytes())
	}
	if errors.Len() > 0 {
		m.Logf("%s", errors.Bytes())
	}
	return out.Bytes()
}

func (m *temporary) write(name string, content []byte, err error) {
	m.Helper()
	path := filepath.Join(m.dir, name)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o755)
	}
	if err == nil {
		err = os.WriteFile(path, content, 0o644)
	}
	if err != nil {
		m.Fatal(err)
	}
}

// writeModule writes the module, as yet without generated code.
func (m *temporary) writeModule(w *world) {
	if err := testmodule.Write(m.dir, module); err != nil {
		m.Fatal(err)
	}
	var imports []string
	for _, p := range w.packages {
		src, err := p.source()
		m.write(p.name+"/"+p.name+".go", src, err)
		imports = append(imports, module+"/"+p.name)
	}
	src, err := file("main", "func main() { driver.Main() }\n", imports)
	m.write("main.go", src, err)
}

var (
	constructor = regexp.MustCompile(`(?m)^func (New\w+Manager)\(`)
	descriptor  = regexp.MustCompile(`(?m)^\t\t(&\w+),$`)
	flow        = regexp.MustCompile(`(?m)^var (\w+)SignInFlow = runtime`)
)

// generate runs the generator on the module. The first time, it also writes the code that registers the schemas with
// the driver; later, nothing may change.
func (m *temporary) generate(first bool) {
	packages, err := schema.Load(schema.Config{Dir: m.dir, Patterns: []string{"./..."}, Env: goEnv})
	if err != nil {
		m.Fatalf("schema.Load: %v", err)
	}
	for _, p := range packages {
		if len(p.Schemas) == 0 {
			continue
		}
		src, err := gen.Generate(p)
		if err != nil {
			m.Fatal(err)
		}
		name := filepath.Base(p.Dir) + "/session_gen.go"
		if !first {
			old, err := os.ReadFile(filepath.Join(m.dir, name))
			if err != nil || !bytes.Equal(old, src) {
				m.Errorf("%s differs on a second run: %v", name, err)
			}
			continue
		}
		m.write(name, src, nil)
		if formatted, err := format.Source(src); err != nil || !bytes.Equal(formatted, src) {
			m.Errorf("%s is not in gofmt's form: %v", name, err)
		}
		hook, err := registration(p.Name, src)
		m.write(filepath.Base(p.Dir)+"/register.go", hook, err)
	}
}

// registration is the file that registers the schemas of a generated file.
func registration(pkg string, generated []byte) ([]byte, error) {
	var b strings.Builder
	b.WriteString("func init() {\n")
	starts := constructor.FindAllSubmatchIndex(generated, -1)
	for _, at := range starts {
		body, _, _ := bytes.Cut(generated[at[0]:], []byte("\n}\n"))
		fmt.Fprintf(&b, "\tdriver.Register(%s", generated[at[2]:at[3]])
		for _, field := range descriptor.FindAllSubmatch(body, -1) {
			fmt.Fprintf(&b, ", %s", field[1])
		}
		for _, f := range flow.FindAllSubmatch(generated, -1) { // a constructor does not name them
			if name := string(f[1]); strings.EqualFold("New"+name+"Manager", string(generated[at[2]:at[3]])) {
				fmt.Fprintf(&b, ", &%sSignInFlow", name)
			}
		}
		b.WriteString(")\n")
	}
	b.WriteString("}\n")
	return file(pkg, b.String(), nil)
}
