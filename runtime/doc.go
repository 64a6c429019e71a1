// Package runtime keeps the typed sessions that sessiongen generates code for.
//
// A program meets it in three places. It parses its keys and fills in a [Config];
// the generated constructor turns that into a [Manager], whose Handler goes around
// the program's own; and the generated session type embeds [Session], which has the
// methods that do not depend on the schema. Everything else here serves generated
// code.
//
// A session is a msgpack map, encrypted and authenticated as one token
// (XAES-256-GCM) that a cookie carries. It is opened when a handler first touches
// it, and not before; a field is decoded when it is read, and encoded when it is
// set.
package runtime
