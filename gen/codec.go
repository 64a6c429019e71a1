package gen

import (
	"cmp"
	"go/types"
	"slices"

	"github.com/dave/jennifer/jen"

	"github.com/sessiongen/sessiongen/schema"
)

// basic maps the kinds that one generic function of package codec handles for all types to that function's name after
// Encode or Decode.
var basic = map[schema.Kind]string{
	schema.Bool:    "Bool",
	schema.Int:     "Int",
	schema.Uint:    "Uint",
	schema.Float32: "Float32",
	schema.Float64: "Float64",
	schema.String:  "String",
	schema.Bytes:   "Bytes",
	schema.Custom:  "Custom",
	schema.Msgpack: "Msgpack",
	schema.Binary:  "Binary",
	schema.Text:    "Text",
	schema.JSON:    "JSON",
	schema.Gob:     "Gob",
}

// basicCodec is that function. Gob has its own package.
func (g *generator) basicCodec(verb string, kind schema.Kind) *jen.Statement {
	if kind == schema.Gob {
		g.importName(gobPath, "gobcodec")
		return jen.Qual(gobPath, verb)
	}
	return inCodec(verb + basic[kind])
}

// A codec is a pair of generated functions for a struct, or for another type that contains itself (type Tree []Tree):
// nested function literals cannot express these.
type codec struct {
	name           string // what the functions are named after
	wireName       string // in the wire format
	strct          *schema.Struct
	typ            *schema.Type // if strct is nil
	encode, decode string       // the functions
}

func (c *codec) goType() types.Type {
	if c.strct != nil {
		return c.strct.Go
	}
	return c.typ.Go
}

// nameCodecs finds the codecs that the schemas need and names their functions.
func (g *generator) nameCodecs() {
	for _, s := range g.pkg.Schemas {
		for _, f := range s.Fields {
			g.findCodecs(f.Type, nil)
		}
	}
	// If names are equal, the order of the schemas counts.
	slices.SortStableFunc(g.codecList, func(a, b *codec) int { return cmp.Compare(a.name, b.name) })
	for _, c := range g.codecList {
		name := numbered(c.name, func(name string) bool {
			return !g.names.isFree("encode"+name) || !g.names.isFree("decode"+name)
		})
		c.encode, c.decode = "encode"+name, "decode"+name
		g.names.take(c.encode)
		g.names.take(c.decode)
	}
}

// findCodecs notes every struct that t reaches, and every type that reaches itself without a struct in between. Within
// are the types around t, up to the nearest struct.
func (g *generator) findCodecs(t *schema.Type, within []*schema.Type) {
	switch t.Kind { // Decode only differs between marshalers, which do not matter here
	case schema.StructKind:
		if g.codecOf[t.Struct] != nil {
			return
		}
		g.addCodec(t.Struct, &codec{name: t.Struct.Name, strct: t.Struct})
		for _, m := range t.Struct.Members {
			g.findCodecs(m.Type, nil)
		}
	case schema.Slice, schema.Array, schema.Map, schema.Pointer:
		if i := slices.Index(within, t); i >= 0 {
			for _, t := range within[i:] {
				if named, ok := types.Unalias(t.Go).(*types.Named); ok && g.codecOf[t] == nil {
					g.addCodec(t, &codec{name: exported(named.Obj().Name()), typ: t})
				}
			}
			return
		}
		// The key of a map is a string or a number and needs no codec.
		g.findCodecs(t.Elem, append(slices.Clip(within), t))
	}
}

// addCodec notes the codec of a struct or type, unless the same type has one already from another field.
func (g *generator) addCodec(of any, c *codec) {
	same := func(other *codec) bool { return c.typ != nil && types.Identical(c.goType(), other.goType()) }
	if i := slices.IndexFunc(g.codecList, same); i >= 0 {
		c = g.codecList[i]
	} else {
		g.codecList = append(g.codecList, c)
	}
	g.codecOf[of] = c
}

// encode is a statement that encodes x, a variable of type t or a field of one.
func (g *generator) encode(t *schema.Type, x string) *jen.Statement {
	if c := g.codecOf[t]; c != nil {
		return jen.Id(c.encode).Call(g.id("e"), jen.Id(x))
	}
	return g.encodeWhole(t, x)
}

// encodeWhole is encode for the body of t's own codec.
func (g *generator) encodeWhole(t *schema.Type, x string) *jen.Statement {
	e, v := g.id("e"), jen.Id(x)
	switch t.Kind {
	case schema.StructKind:
		return jen.Id(g.codecOf[t.Struct].encode).Call(e, v)
	case schema.Time:
		if !isTime(t.Go) {
			v = g.std("time", "Time").Call(v)
		}
		return inCodec("EncodeTime").Call(e, v)
	case schema.Any:
		return inCodec("EncodeAny").Call(e, v)
	case schema.ByteArray:
		return inCodec("EncodeByteArray").Call(e, v.Index(jen.Op(":")))
	case schema.Array:
		return inCodec("EncodeArray").Call(e, v.Index(jen.Op(":")), g.encoder(t.Elem))
	case schema.Slice:
		return inCodec("EncodeSlice").Call(e, v, g.encoder(t.Elem))
	case schema.Map:
		return inCodec("EncodeMap").Call(e, v, g.encoder(t.Key), g.encoder(t.Elem))
	case schema.Pointer:
		return inCodec("Encode"+pointer(t)).Call(e, v, g.encoder(t.Elem))
	case schema.Via:
		return inCodec("EncodeVia").Call(e, v, g.qual(t.Hook.Encode.Pkg(), t.Hook.Encode.Name()))
	}
	return g.basicCodec("Encode", t.Kind).Call(e, v)
}

// pointer is the name of the functions for a pointer, after Encode or Decode. They pass the pointed-to value or, if
// that must not be copied, the pointer.
func pointer(t *schema.Type) string {
	if isPinned(t.Elem) {
		return "Through"
	}
	return "Pointer"
}

func isPinned(t *schema.Type) bool { return t.Kind == schema.StructKind && t.Struct.Pinned }

// encoder is t's encode function as a value: a function's name, or a literal.
func (g *generator) encoder(t *schema.Type) *jen.Statement {
	if name := g.function(t, true); name != nil {
		return name
	}
	return g.encodeLiteral(t).Block(g.encode(t, g.local("v")))
}

func (g *generator) encodeLiteral(t *schema.Type) *jen.Statement {
	return jen.Func().Params(g.id("e").Op("*").Add(inCodec("Encoder")), g.id("v").Add(g.typ(t.Go)))
}

// decode is an expression of type t that decodes a value; arrays have none, see fillArray.
func (g *generator) decode(t *schema.Type) *jen.Statement {
	if c := g.codecOf[t]; c != nil {
		return jen.Id(c.decode).Call(g.id("d"))
	}
	return g.decodeWhole(t)
}

// decodeWhole is decode for the body of t's own codec.
func (g *generator) decodeWhole(t *schema.Type) *jen.Statement {
	d := g.id("d")
	switch t.Decode {
	case schema.StructKind:
		return jen.Id(g.codecOf[t.Struct].decode).Call(d)
	case schema.Time:
		x := inCodec("DecodeTime").Call(d)
		if !isTime(t.Go) {
			x = g.typ(t.Go).Call(x)
		}
		return x
	case schema.Any:
		return inCodec("DecodeAny").Call(d)
	case schema.Slice:
		return inCodec("DecodeSlice").Types(g.typ(t.Go)).Call(d, g.decoder(t.Elem))
	case schema.Map:
		return inCodec("DecodeMap").Types(g.typ(t.Go)).Call(d, g.decoder(t.Key), g.decoder(t.Elem))
	case schema.Pointer:
		return inCodec("Decode"+pointer(t)).Call(d, g.decoder(t.Elem))
	case schema.Via:
		return inCodec("DecodeVia").Call(d, g.qual(t.Hook.Decode.Pkg(), t.Hook.Decode.Name()))
	}
	return g.basicCodec("Decode", t.Decode).Types(g.typ(t.Go)).Call(d)
}

// decodeTo is a statement that decodes a value of type t into x.
func (g *generator) decodeTo(t *schema.Type, x string) *jen.Statement {
	if isArray(t) && g.codecOf[t] == nil {
		return g.fillArray(t, x)
	}
	return jen.Id(x).Op("=").Add(g.decode(t))
}

// decoder is t's decode function as a value: a function's name, or a literal.
func (g *generator) decoder(t *schema.Type) *jen.Statement {
	if name := g.function(t, false); name != nil {
		return name
	}
	return g.decodeLiteral(t).Block(g.decodeBody(t)...)
}

func (g *generator) decodeLiteral(t *schema.Type) *jen.Statement {
	f := jen.Func().Params(g.id("d").Op("*").Add(inCodec("Decoder")))
	if isArray(t) {
		return f.Params(g.id("v").Add(g.typ(t.Go)))
	}
	return f.Add(g.typ(t.Go))
}

// decodeBody is the body of a function that decodes a t; its result is v.
func (g *generator) decodeBody(t *schema.Type) []jen.Code {
	if isArray(t) {
		return []jen.Code{g.fillArray(t, g.local("v")), jen.Return(g.id("v"))}
	}
	return []jen.Code{jen.Return(g.decodeWhole(t))}
}

// fillArray is a statement that decodes into x, an array.
func (g *generator) fillArray(t *schema.Type, x string) *jen.Statement {
	all := jen.Id(x).Index(jen.Op(":"))
	if t.Decode == schema.ByteArray {
		return inCodec("DecodeByteArray").Call(g.id("d"), all)
	}
	return inCodec("DecodeArray").Call(g.id("d"), all, g.decoder(t.Elem))
}

func isArray(t *schema.Type) bool { return t.Decode == schema.Array || t.Decode == schema.ByteArray }

// function is the function that encodes or decodes a t, if it has a name.
func (g *generator) function(t *schema.Type, encoding bool) *jen.Statement {
	c, k, verb := g.codecOf[t], t.Decode, "Decode"
	if encoding {
		k, verb = t.Kind, "Encode"
	}
	switch {
	case k == schema.StructKind:
		c = g.codecOf[t.Struct]
	case k == schema.Time && isTime(t.Go):
		return inCodec(verb + "Time")
	case k == schema.Any && !isNamed(t.Go):
		return inCodec(verb + "Any")
	case basic[k] != "":
		return g.basicCodec(verb, k).Types(g.typ(t.Go))
	}
	switch {
	case c == nil:
		return nil
	case encoding:
		return jen.Id(c.encode)
	}
	return jen.Id(c.decode)
}

func isTime(t types.Type) bool {
	named, ok := types.Unalias(t).(*types.Named)
	return ok && named.Obj().Name() == "Time" && named.Obj().Pkg().Path() == "time"
}
