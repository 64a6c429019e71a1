// Package gen turns the model of a package's session schemas into the source of its generated file: typed accessors,
// field descriptors and codecs over the runtime package. It is pure: it touches no file, and equal models give equal
// bytes.
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

	// supports is the constant of the runtime that this generator's output needs. Both are raised whenever generated
	// code needs something new.
	supports = "SupportsGenerated1"
)

// Generate returns the formatted generated file of pkg, for a package without an earlier one. An error means that the
// model cannot be written as Go source, which is the caller's mistake: package schema refuses such types.
func Generate(pkg *schema.Package) ([]byte, error) { return Update(pkg, Previous{}) }

// Update is Generate for a package with generated files. The error is schema.Findings if stored sessions in the wire
// formats of these files could no longer be read.
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
	codecOf   map[any]*codec // by *schema.Struct, or by *schema.Type of a type that contains itself
	codecList []*codec       // each once, sorted by name
	// Whether gofmt may need more than one pass. If it breaks the line of a type, only the next pass breaks the line
	// of the function that has it as a parameter; and some lists in comments change twice.
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
	// The packages that every file needs come first, so that a user's package of the same name gets the number.
	g.importName("context", "context")
	g.importName(runtimePath, "runtime")
	g.importName(codecPath, "codec")
	return g
}

// header writes the lines above the package clause.
func (g *generator) header(list wireTypes) {
	// A comment that begins with // is not changed: the line break leaves an empty line.
	g.file.HeaderComment(schema.Header + "\n")
	if g.pkg.Constraint != "" {
		g.file.HeaderComment("//go:build " + g.pkg.Constraint + "\n")
	}
	g.file.HeaderComment(strings.TrimSuffix(list.comment(), "\n"))
}

// inRuntime and inCodec are names in the two packages that generated code calls.
func inRuntime(name string) *jen.Statement { return jen.Qual(runtimePath, name) }
func inCodec(name string) *jen.Statement   { return jen.Qual(codecPath, name) }
