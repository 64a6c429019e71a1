// Package wycheproof runs what the token is made of against the vectors of
// https://github.com/C2SP/wycheproof, which are large, in a module of its own.
package wycheproof

import (
	"bytes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"reflect"
	"testing"

	"github.com/c2sp/wycheproof"
	"github.com/sessiongen/sessiongen/runtime/internal/xaes"
)

// data is in hexadecimal in the vectors.
type data []byte

func (d *data) UnmarshalText(text []byte) (err error) {
	*d, err = hex.AppendDecode(nil, text)
	return err
}

// load reads the groups of a file, which must have as many tests as it says.
func load[Group any](t *testing.T, file string, tests func(Group) int) []Group {
	t.Helper()
	text, err := fs.ReadFile(wycheproof.TestVectors, file)
	if err != nil {
		t.Fatal(err)
	}
	var vectors struct {
		NumberOfTests int
		TestGroups    []Group
	}
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, group := range vectors.TestGroups {
		n += tests(group)
	}
	if n == 0 || n != vectors.NumberOfTests {
		t.Fatalf("%s: got %d tests, want %d", file, n, vectors.NumberOfTests)
	}
	return vectors.TestGroups
}

// gcm returns what xaes.Key.Derive makes of a subkey. Nobody can find the key and the
// prefix for a given subkey, so it is put in place of the derivation's result.
func gcm(t *testing.T, subkey []byte) cipher.AEAD {
	t.Helper()
	var key xaes.Key
	kdf := reflect.ValueOf(&key).Elem().FieldByName("subkey")
	reflect.NewAt(kdf.Type(), kdf.Addr().UnsafePointer()).Elem().Set(reflect.ValueOf(
		func(sub *[xaes.KeySize]byte, _ *[xaes.PrefixSize]byte) { copy(sub[:], subkey) }))
	aead, err := key.Derive(new([xaes.PrefixSize]byte))
	if err != nil {
		t.Fatal(err)
	}
	return aead
}

func TestAES256GCM(t *testing.T) {
	type group struct {
		KeySize, IVSize, TagSize int
		Tests                    []struct {
			TcID                       int
			Comment, Result            string
			Key, IV, AAD, Msg, Ct, Tag data
		}
	}
	results := map[string]int{}
	for _, group := range load(t, "aes_gcm_test.json", func(g group) int { return len(g.Tests) }) {
		if group.KeySize != 256 || group.IVSize != 96 || group.TagSize != 128 {
			continue
		}
		for _, v := range group.Tests {
			results[v.Result]++
			aead := gcm(t, v.Key)
			sealed := bytes.Join([][]byte{v.IV, v.Ct, v.Tag}, nil)
			got, err := aead.Open(nil, nil, sealed, v.AAD)
			if (err == nil) != (v.Result == "valid") || err == nil && !bytes.Equal(got, v.Msg) {
				t.Errorf("test %d, %s (%s): opened as %x, %v; want %x", v.TcID, v.Comment, v.Result, got, err, v.Msg)
			}
			got, err = aead.Open(nil, nil, aead.Seal(nil, nil, v.Msg, v.AAD), v.AAD)
			if err != nil || !bytes.Equal(got, v.Msg) {
				t.Errorf("test %d, %s: the sealed text opens as %x, %v; want %x", v.TcID, v.Comment, got, err, v.Msg)
			}
		}
	}
	t.Log(results)
	if results["valid"] < 39 || results["invalid"] < 27 {
		t.Errorf("too few tests ran: %v", results)
	}
}

// Tokens use no salt. That is a salt of nothing, by RFC 5869.
func TestHKDFSHA256(t *testing.T) {
	type group struct {
		Tests []struct {
			TcID                 int
			Comment, Result      string
			IKM, Salt, Info, OKM data
			Size                 int
		}
	}
	results := map[string]int{}
	for _, group := range load(t, "hkdf_sha256_test.json", func(g group) int { return len(g.Tests) }) {
		for _, v := range group.Tests {
			salts := [][]byte{v.Salt}
			if len(v.Salt) == 0 {
				results["without salt"]++
				salts = [][]byte{nil, {}}
			}
			results[v.Result]++
			for _, salt := range salts {
				got, err := hkdf.Key(sha256.New, v.IKM, salt, string(v.Info), v.Size)
				if (err == nil) != (v.Result == "valid") || err == nil && !bytes.Equal(got, v.OKM) {
					t.Errorf("test %d, %s (%s): got %x, %v; want %x", v.TcID, v.Comment, v.Result, got, err, v.OKM)
				}
			}
		}
	}
	t.Log(results)
	if results["valid"] < 83 || results["invalid"] < 3 || results["without salt"] < 23 {
		t.Errorf("too few tests ran: %v", results)
	}
}
