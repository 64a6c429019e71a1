// Package driver checks the generated code of random schemas with random values. The programs that TestRandomSchemas
// writes consist of it and of generated packages, which register their schemas.
//
// It works by reflection, and does not use package schema: it finds the expected values by its own implementation of
// msgpack v5's rules (model.go), and with v5 itself.
package driver

import (
	"bufio"
	"flag"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"reflect"
	"strings"
)

// A session is one registered schema.
type session struct {
	name       string        // package.Type
	typ        reflect.Type  // *S
	newManager reflect.Value // func(runtime.Config) (*SManager, error)
	fields     []*field
}

// A field is one field of a schema, of type T.
type field struct {
	id   string        // package.Type.Name
	name string        // as in Get+name
	desc reflect.Value // *runtime.Field[T] or *runtime.Flow[T]
	typ  reflect.Type  // T
}

var sessions []*session

// Register adds the schema of a generated manager constructor and descriptors of fields and flows.
func Register(newManager any, descriptors ...any) {
	s := &session{newManager: reflect.ValueOf(newManager)}
	// The generated type is the parameter of SManager's Seal.
	manager := s.newManager.Type().Out(0)
	seal, _ := manager.MethodByName("Seal")
	s.typ = seal.Type.In(1)
	s.name = short(s.typ.Elem().PkgPath()) + "." + s.typ.Elem().Name()
	for _, d := range descriptors {
		desc := reflect.ValueOf(d)
		f := &field{desc: desc, name: desc.Elem().FieldByName("Name").String()}
		f.typ = desc.Elem().FieldByName("Decode").Type().Out(0)
		f.id = s.name + "." + f.name
		warm(f.typ, map[reflect.Type]bool{})
		s.fields = append(s.fields, f)
	}
	sessions = append(sessions, s)
}

// Main checks everything that was registered, and exits with 1 if anything is wrong.
func Main() {
	seed := flag.Uint64("seed", 1, "of the random values")
	want := flag.Int("schemas", 0, "how many must be registered")
	values := flag.Int("values", 10, "number of values of each field")
	samples := flag.Int("samples", 0, "print so many of them for decode.py, the last ones")
	flag.Parse()

	out := bufio.NewWriter(os.Stdout)
	c := &checker{seed: *seed, sampleFrom: *values - *samples, out: out, count: map[string]int{}}
	for _, s := range sessions {
		for i := range *values {
			c.session(s, i)
		}
	}
	out.Flush()
	fmt.Fprintf(os.Stderr, "checked %d schemas\n", len(sessions))
	if c.report(os.Stderr) > 0 || len(sessions) != *want {
		os.Exit(1)
	}
}

// random is the source for one value: it always gives the same.
func (c *checker) random(id string, i int) *rand.Rand {
	h := fnv.New64a()
	fmt.Fprint(h, id, i)
	return rand.New(rand.NewPCG(c.seed, h.Sum64()))
}

// value makes the i-th value of a field: always the same, but shared with no other.
func (c *checker) value(f *field, i int) reflect.Value {
	v := reflect.New(f.typ).Elem()
	(&filler{Rand: c.random(f.id, i), left: 1 + i*i%60}).fill(v, 0)
	return v
}

func short(s string) string {
	if i := strings.LastIndex(s, "/"); i >= 0 {
		return s[i+1:]
	}
	return s
}
