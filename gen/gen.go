// Package gen turns the model of a package's session schemas into the source of its generated
// file: typed accessors, field descriptors and codecs over the runtime package. It is pure: it
// touches no file, and equal models give equal bytes.
package gen

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/dave/jennifer/jen"
	"github.com/sessiongen/sessiongen/schema"
)

const (
	runtimePath = "github.com/sessiongen/sessiongen/runtime"
	codecPath   = "github.com/sessiongen/sessiongen/runtime/codec"
	gobPath     = "github.com/sessiongen/sessiongen/runtime/codec/gobcodec"

	// supports is the runtime's constant that this generator's output needs. It is raised together
	// with the runtime whenever generated code comes to need something new.
	supports = "SupportsGenerated1"
)

// Generate returns the generated file of pkg, formatted, for a package that has none yet. An error
// means a model that cannot be written as Go source, which is a mistake of the caller's: the schema
// package refuses such types.
func Generate(pkg *schema.Package) ([]byte, error) { return Update(pkg, Previous{}) }

// Update is Generate for a package that has generated files. The error is schema.Findings if sessions
// that were stored under the wire formats of these could not be read any more.
func Update(pkg *schema.Package, old Previous) ([]byte, error) {
	g := newGenerator(pkg)
	list, breaking := g.evolve(g.wireFormat(), old)
	if len(breaking) > 0 && !old.AllowBreaking {
		return nil, breaking
	}
	g.header(list)
	g.guards()
	for _, s := range pkg.Schemas {
		g.accessors(s)
	}
	g.mayCut()
	for _, s := range pkg.Schemas {
		g.descriptors(s)
	}
	g.codecs()

	var buf bytes.Buffer
	if err := g.file.Render(&buf); err != nil {
		return nil, fmt.Errorf("generating package %s: %w", pkg.Path, err)
	}
	src, err := g.format(buf.Bytes())
	if err != nil {
		return nil, fmt.Errorf("generating package %s: %w", pkg.Path, err)
	}
	return src, nil
}

// A generator holds what the parts of one file share.
type generator struct {
	pkg   *schema.Package
	file  *jen.File
	names *names

	fieldVars map[*schema.Field]string
	codecOf   map[any]*codec // by *schema.Struct, or *schema.Type of a type that holds itself
	codecList []*codec       // each once, sorted by name
	// Whether gofmt may not finish in one pass. Where it breaks the line of a type, only the next one breaks
	// that of the function which has it as a parameter; and some lists in comments change twice.
	unsettled bool
}

func newGenerator(pkg *schema.Package) *generator {
	g := &generator{
		pkg:       pkg,
		file:      jen.NewFilePathName(pkg.Path, pkg.Name),
		names:     newNames(pkg),
		fieldVars: map[*schema.Field]string{},
		codecOf:   map[any]*codec{},
	}
	g.file.NoFormat = true // Generate formats
	for _, s := range pkg.Schemas {
		for _, name := range s.Generated() {
			g.names.take(name)
		}
		for _, f := range s.Fields {
			if name := f.MaxName(s); name != "" {
				g.names.take(name)
			}
		}
	}
	for _, s := range pkg.Schemas {
		for _, f := range s.Fields {
			name := unexported(s.TypeName) + f.Name + "Field"
			if f.Use == schema.Flow {
				name = unexported(s.TypeName) + f.Name + "Flow"
			}
			g.fieldVars[f] = g.names.free(strings.ReplaceAll(name, "_", ""))
		}
	}
	g.nameCodecs()
	// The packages that every file needs come first, so that a user's package of the same name is
	// the one that gets a number.
	g.importName("context", "context")
	g.importName(runtimePath, "runtime")
	g.importName(codecPath, "codec")
	return g
}

// header writes what stands above the package clause.
func (g *generator) header(list wireTypes) {
	// A comment that begins with // is rendered as it is: the line break leaves an empty line.
	g.file.HeaderComment(schema.Header + "\n")
	if g.pkg.Constraint != "" {
		g.file.HeaderComment("//go:build " + g.pkg.Constraint + "\n")
	}
	g.file.HeaderComment(strings.TrimSuffix(list.comment(), "\n"))
}

// inRuntime and inCodec name something of the two packages that generated code calls.
func inRuntime(name string) *jen.Statement { return jen.Qual(runtimePath, name) }
func inCodec(name string) *jen.Statement   { return jen.Qual(codecPath, name) }
