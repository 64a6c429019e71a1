package runtime_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/runtime/internal/tokentest"
)

// What follows, and the files tokenkit_*_test.go, make the files of testdata/tokens with
// package tokentest alone. What each of them expects is said here, not computed.

const (
	kitTime    = 1_700_000_000
	kitCreated = kitTime - 3600
	kitSeen    = kitTime - 600
	kitID      = "0123456789abcdef"
)

// A kitMaker makes the files of the kit.
type kitMaker struct {
	t     testing.TB
	names []string
	files map[string]*kitFile
}

type kitFile struct {
	tokentest.File
	name   string
	sealed int // how many tokens were sealed for it
}

func makeKit(t testing.TB) *kitMaker {
	k := &kitMaker{t: t, files: make(map[string]*kitFile)}
	k.addTokens()
	k.addTexts()
	k.addKeys()
	k.addMetadata()
	k.addExpiries()
	k.addStructure()
	k.addValues()
	k.addFields()
	k.addTimes()
	k.addCompanions()
	k.addChunks()
	k.addCookies()
	k.addFlows()
	return k
}

// kitKey returns the master key of a number.
func kitKey(n int) []byte {
	key := sha256.Sum256(fmt.Appendf(nil, "sessiongen test key %d", n))
	return key[:]
}

// add adds a file that expects the usual session, and has no cookie yet.
func (k *kitMaker) add(name, comment string) *kitFile {
	f := &kitFile{name: name}
	f.Comment = comment
	f.Masters = [][]byte{kitKey(1)}
	f.Cookie = "__Host-session"
	f.Lifetime = 31 * 24 * 3600
	f.Time = kitTime
	f.Session = &tokentest.Session{
		ID: [16]byte([]byte(kitID)), Created: kitCreated, Seen: kitSeen, Used: kitSeen, Expires: kitSeen + f.Lifetime,
		Fields: []tokentest.Field{
			{Key: "roles", Value: unhex("92 a161 a162")},
			{Key: "user", Value: str("hubo")},
			{Key: "visits", Value: num(3)},
		},
	}
	if k.files[name] != nil {
		k.t.Fatalf("two files have the name %s", name)
	}
	k.names = append(k.names, name)
	k.files[name] = f
	return f
}

// addPlain adds a file with one cookie, whose token has this plaintext.
func (k *kitMaker) addPlain(name, comment string, p kitPlain) *kitFile {
	f := k.add(name, comment)
	f.send(f.cookie(p))
	return f
}

// addMalformed is addPlain for a plaintext that is not accepted.
func (k *kitMaker) addMalformed(name, comment string, p kitPlain) {
	k.addPlain(name, comment, p).refuse(tokentest.Malformed)
}

func (f *kitFile) send(headers ...string) { f.Headers = headers }

// refuse makes the file expect no session, and these refusals.
func (f *kitFile) refuse(reasons ...string) { f.Outcome = tokentest.Outcome{Refused: reasons} }

// nonce returns another one at each call.
func (f *kitFile) nonce() []byte {
	f.sealed++
	nonce := sha256.Sum256(fmt.Appendf(nil, "%s %d", f.name, f.sealed))
	return nonce[:24]
}

// token returns a token under the first key.
func (f *kitFile) token(p kitPlain) string { return f.tokenOf(f.Masters[0], p) }

func (f *kitFile) tokenOf(master []byte, p kitPlain) string {
	return tokentest.Seal(master, f.Cookie, tokentest.PurposeSession, f.nonce(), p.bytes())
}

func (f *kitFile) cookie(p kitPlain) string { return f.Cookie + "=" + f.token(p) }

// A kitPlain is a plaintext in its parts, each already encoded.
type kitPlain struct {
	outer        []byte
	metadataHead []byte // nil for the one that fits
	metadata     [][]byte
	fieldsHead   []byte // nil for the one that fits
	fields       [][]byte
	tail         []byte
}

// The elements of the metadata.
const (
	metaID = iota
	metaCreated
	metaSeen
	metaAuthenticated
	metaFlags
	metaExpiries
)

// usual is the plaintext that most files vary.
func usual() kitPlain {
	return kitPlain{
		outer:    unhex("92"),
		metadata: [][]byte{bin(kitID), num(kitCreated), num(kitSeen - kitCreated), num(0), num(0)},
		fields:   [][]byte{str("user"), str("hubo"), str("visits"), num(3), str("roles"), unhex("92 a161 a162")},
	}
}

// with returns the plaintext with another element of the metadata, or one more.
func (p kitPlain) with(element int, raw []byte) kitPlain {
	p.metadata = append([][]byte(nil), p.metadata...)
	if element == len(p.metadata) {
		p.metadata = append(p.metadata, nil)
	}
	p.metadata[element] = raw
	return p
}

// and returns the plaintext with one more field.
func (p kitPlain) and(key, value []byte) kitPlain {
	p.fields = append(p.fields[:len(p.fields):len(p.fields)], key, value)
	return p
}

func (p kitPlain) bytes() []byte {
	b := append([]byte(nil), p.outer...)
	if p.metadataHead == nil {
		p.metadataHead = []byte{0x90 | byte(len(p.metadata))}
	}
	b = append(b, p.metadataHead...)
	for _, element := range p.metadata {
		b = append(b, element...)
	}
	if p.fieldsHead == nil {
		p.fieldsHead = []byte{0x80 | byte(len(p.fields)/2)}
	}
	b = append(b, p.fieldsHead...)
	for _, part := range p.fields {
		b = append(b, part...)
	}
	return append(b, p.tail...)
}

// raw is a plaintext that is not of the usual parts.
func raw(b []byte) kitPlain {
	return kitPlain{outer: b, metadataHead: []byte{}, fieldsHead: []byte{}}
}

func unhex(text string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

// str returns a string in its shortest form, of less than 2^16 bytes.
func str(s string) []byte {
	switch n := len(s); {
	case n < 32:
		return append([]byte{0xa0 | byte(n)}, s...)
	case n < 1<<8:
		return append([]byte{0xd9, byte(n)}, s...)
	}
	return append(binary.BigEndian.AppendUint16([]byte{0xda}, uint16(len(s))), s...)
}

// bin returns a binary value of less than 2^8 bytes in its shortest form.
func bin(s string) []byte { return append([]byte{0xc4, byte(len(s))}, s...) }

// num returns an integer in its shortest form.
func num(n uint64) []byte {
	switch {
	case n < 1<<7:
		return []byte{byte(n)}
	case n < 1<<8:
		return []byte{0xcc, byte(n)}
	case n < 1<<16:
		return binary.BigEndian.AppendUint16([]byte{0xcd}, uint16(n))
	case n < 1<<32:
		return binary.BigEndian.AppendUint32([]byte{0xce}, uint32(n))
	}
	return binary.BigEndian.AppendUint64([]byte{0xcf}, n)
}

// decoded and texted convert between a token's text and its bytes.
func decoded(text string) []byte {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return b
}

func texted(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
