package schema

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestModels(t *testing.T) {
	const name = "testdata/models.txtar"
	ar := readArchive(t, name)
	dir := module(t, ar)
	pkgs, err := load(t, dir, "./...")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, p := range pkgs {
		var b strings.Builder
		for _, o := range p.Obsolete {
			fmt.Fprintf(&b, "obsolete %s: %s\n", relative(dir, o.Path), o.Why)
		}
		dump(&b, p)
		if b.Len() > 0 {
			got[relative(dir, p.Dir)] = b.String()
		}
	}
	if want := "obsolete orphan/session_gen.go: no schema is generated into it\n"; got["orphan"] != want {
		t.Errorf("orphan: got %q, want %q", got["orphan"], want)
	}
	delete(got, "orphan")
	compare(t, name, ar, got)
}

func dump(b *strings.Builder, p *Package) {
	structs := map[*Struct]bool{}
	var order []*Struct
	for _, s := range p.Schemas {
		fmt.Fprintf(b, "%s: %s -> %s %q\n", posOf(s.Pos.String()), s.Name, s.TypeName, s.Doc)
		for _, h := range s.Hints {
			fmt.Fprintf(b, "hint %s\n", h)
		}
		for _, f := range s.Fields {
			if f.Type == nil {
				fmt.Fprintf(b, "NIL %s\n", f.Name)
				continue
			}
			fmt.Fprintf(b, "\t%s: %s %s %q %s", posOf(f.Pos.String()), f.Name, f.Key, f.Doc, typeString(f.Type))
			if f.Max != 0 {
				fmt.Fprintf(b, " max=%d", f.Max)
			}
			if f.Each != 0 {
				fmt.Fprintf(b, " each=%d", f.Each)
			}
			if f.MayRefuse() {
				b.WriteString(" refuses")
			}
			if f.Default != "" {
				fmt.Fprintf(b, " default=%s", f.Default)
			}
			if f.TTL != 0 {
				fmt.Fprintf(b, " ttl=%v", f.TTL)
			}
			if f.Secret {
				b.WriteString(" secret")
			}
			if f.Principal {
				b.WriteString(" principal")
			}
			if f.Was != nil {
				fmt.Fprintf(b, " was=%q", f.Was)
			}
			if f.Partial {
				fmt.Fprintf(b, " partial=%v", f.Lost)
			}
			b.WriteString("\n")
			collect(f.Type, structs, map[*Type]bool{}, &order)
		}
	}
	for _, s := range order {
		fmt.Fprintf(b, "%s = %v literal=%v array=%v", s.Name, s.Go, s.Literal, s.AsArray)
		if s.Pinned {
			b.WriteString(" pinned")
		}
		if s.Lost != nil {
			fmt.Fprintf(b, " lost=%v", s.Lost)
		}
		if s.LetGo != nil {
			fmt.Fprintf(b, " partial=%v", s.LetGo)
		}
		b.WriteString("\n")
		for _, m := range s.Members {
			fmt.Fprintf(b, "\t%s", m.Name)
			for _, a := range m.Aliases {
				fmt.Fprintf(b, "|%s", a)
			}
			b.WriteString(" v")
			for _, step := range m.Path {
				fmt.Fprintf(b, ".%s", step.Name)
				if step.Pointer != nil {
					fmt.Fprintf(b, "(*%v)", step.Pointer)
				}
			}
			fmt.Fprintf(b, " %s", typeString(m.Type))
			if m.OmitEmpty {
				b.WriteString(" omitempty")
			}
			if m.Partial {
				fmt.Fprintf(b, " partial=%v", m.Lost)
			}
			b.WriteString("\n")
		}
	}
	if p.Declared != nil {
		fmt.Fprintf(b, "declared %s\nimported %s\n", strings.Join(slices.Sorted(maps.Keys(p.Declared)), " "),
			strings.Join(slices.Sorted(maps.Keys(p.Imported)), " "))
	}
}

func posOf(s string) string { return filepath.Base(s) }

var kindNames = []string{"Invalid", "Bool", "Int", "Uint", "Float32", "Float64", "String", "Bytes", "ByteArray", "Time",
	"Slice", "Array", "Map", "Pointer", "Struct", "Custom", "Msgpack", "Binary", "Text", "JSON", "Gob", "Via", "Any"}

func typeString(t *Type) string { return typeStringIn(t, nil) }

func typeStringIn(t *Type, within []*Type) string {
	s := kindNames[t.Kind]
	if t.Decode != t.Kind {
		s += "/" + kindNames[t.Decode]
	}
	if slices.Contains(within, t) {
		return s + "<...>"
	}
	within = append(within, t)
	s += fmt.Sprintf("<%v>", t.Go)
	if t.Len > 0 {
		s += fmt.Sprintf("[%d]", t.Len)
	}
	if t.Struct != nil {
		s += "=" + t.Struct.Name
	}
	if t.Hook != nil {
		s += "=" + t.Hook.Encode.Name() + "," + t.Hook.Decode.Name()
	}
	if t.Lost != nil {
		s += fmt.Sprintf(" lost=%v", t.Lost)
	}
	if t.Key != nil {
		s += "(" + typeStringIn(t.Key, within) + ")"
	}
	if t.Elem != nil {
		s += "(" + typeStringIn(t.Elem, within) + ")"
	}
	return s
}

func collect(t *Type, seen map[*Struct]bool, types map[*Type]bool, order *[]*Struct) {
	if t == nil || types[t] {
		return
	}
	types[t] = true
	collect(t.Key, seen, types, order)
	collect(t.Elem, seen, types, order)
	if t.Struct != nil && !seen[t.Struct] {
		seen[t.Struct] = true
		*order = append(*order, t.Struct)
		for _, m := range t.Struct.Members {
			collect(m.Type, seen, types, order)
		}
	}
}
