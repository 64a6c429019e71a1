package runtime

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unicode"
)

// keySize is the length of a master key in bytes.
const keySize = 32

// Keys is a ring of secret keys. The first key seals sessions, and all keys open them. Keys prints
// as a redacted text with every verb.
type Keys struct {
	// fmt reaches unexported fields of a value that contains a Keys by reflection. With a verb that
	// does not fit a pointer, such as %s, fmt follows one pointer, but it prints a pointer to a
	// pointer as an address.
	ring **[][]byte
}

// GenerateKey returns a new random key of 256 bits as text: 43 characters of
// base64url. The command sessiongen key prints such a key.
func GenerateKey() string {
	var key [keySize]byte
	rand.Read(key[:])
	return base64.RawURLEncoding.EncodeToString(key[:])
}

// ParseKeys reads one or more keys from text, separated by commas or white space. The first key
// seals, and all keys open. To rotate, add the new key at the end on every node, then move it to the
// front, then drop the old one.
//
// A key is 32 bytes in base64, in the URL or the standard alphabet, with or without padding. A ring
// has at most 64 keys. ParseKeys rejects a key of another length, a key that repeats one byte, and a
// key that is given twice. The error joins all problems and never shows a key.
func ParseKeys(text string) (Keys, error) { return parseKeys(text, "") }

// parseKeys is ParseKeys for text from a file. path is empty if the text is from elsewhere.
func parseKeys(text, path string) (Keys, error) {
	source, where := "the text given", ""
	if path != "" {
		source, where = path, " in "+path
	}
	words := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	if len(words) == 0 {
		return Keys{}, fmt.Errorf("%w in %s: sessiongen key prints one", ErrNoKeys, source)
	}
	var masters [][]byte
	var errs []error
	for i, word := range words {
		key, err := parseKey(word)
		for j, other := range masters {
			if err == nil && bytes.Equal(key, other) {
				err = fmt.Errorf("is the same as key %d", j+1)
			}
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("session: key %d of %d%s %w", i+1, len(words), where, err))
		}
		masters = append(masters, key)
	}
	if len(errs) > 0 {
		return Keys{}, errors.Join(errs...)
	}
	ring := &masters
	return Keys{&ring}, nil
}

var toURLAlphabet = strings.NewReplacer("+", "-", "/", "_")

func parseKey(word string) ([]byte, error) {
	word = toURLAlphabet.Replace(strings.TrimRight(word, "="))
	key, err := base64.RawURLEncoding.Strict().DecodeString(word)
	switch {
	case err != nil:
		// The decoder's own error would show a character of the key.
		return nil, errors.New("is not base64: sessiongen key prints a good one")
	case len(key) != keySize:
		return nil, fmt.Errorf("has %d bytes, not %d: sessiongen key prints a good one", len(key), keySize)
	case bytes.Count(key, key[:1]) == keySize:
		return nil, errors.New("repeats one byte: sessiongen key prints a random one")
	}
	return key, nil
}

// EphemeralKeys returns a random key for this process alone, for a first run or a test. It logs a
// warning, because every session ends with the process and no other process can open them.
func EphemeralKeys() Keys {
	slog.Warn("session: using a key made for this run: sessions end with this process; " +
		"for lasting ones, keep a key from sessiongen key in the environment")
	keys, err := ParseKeys(GenerateKey())
	if err != nil {
		panic(err) // 256 random bits do not repeat one byte
	}
	return keys
}

func (k Keys) masters() [][]byte {
	if k.ring == nil {
		return nil
	}
	return **k.ring
}

// String returns the number of keys.
func (k Keys) String() string { return fmt.Sprintf("Keys(%d, REDACTED)", len(k.masters())) }

// GoString returns String, for %#v.
func (k Keys) GoString() string { return k.String() }

// Format prints String, whatever the verb.
func (k Keys) Format(f fmt.State, _ rune) { io.WriteString(f, k.String()) }

// LogValue returns String, for log/slog.
func (k Keys) LogValue() slog.Value { return slog.StringValue(k.String()) }
