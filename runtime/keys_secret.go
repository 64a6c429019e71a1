package runtime

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// minSecret is the shortest secret for KeysFromSecret, in bytes. This many hexadecimal digits have
// 128 bits.
const minSecret = 32

// KeysFromSecret derives keys from secrets that a program already has, such as those of its former
// session library. It derives one key from each by HKDF-SHA256. The first key seals, and all keys
// open.
//
// A secret must be random and have at least 32 bytes. KeysFromSecret rejects a shorter secret, a
// secret that repeats one byte, and a secret that is given twice. The error joins all problems and
// never shows a secret. If the program has no secret yet, use [ParseKeys] or [ReadOrCreateKeys].
func KeysFromSecret(secrets ...[]byte) (Keys, error) {
	if len(secrets) == 0 {
		return Keys{}, fmt.Errorf("%w: KeysFromSecret was given no secret", ErrNoKeys)
	}
	var masters [][]byte
	var errs []error
	for i, secret := range secrets {
		switch twin := indexOf(secrets[:i], secret); {
		case len(secret) < minSecret:
			errs = append(errs, fmt.Errorf("session: secret %d of %d has %d bytes; keys take at least %d: ReadOrCreateKeys makes some", i+1, len(secrets), len(secret), minSecret))
		case bytes.Count(secret, secret[:1]) == len(secret):
			errs = append(errs, fmt.Errorf("session: secret %d of %d repeats one byte: ReadOrCreateKeys makes random keys", i+1, len(secrets)))
		case twin >= 0:
			errs = append(errs, fmt.Errorf("session: secret %d of %d is the same as secret %d", i+1, len(secrets), twin+1))
		}
		key, err := hkdf.Key(sha256.New, secret, nil, "sessiongen master key from a secret", keySize)
		if err != nil {
			errs = append(errs, fmt.Errorf("session: secret %d of %d: %w", i+1, len(secrets), err))
		}
		masters = append(masters, key)
	}
	if len(errs) > 0 {
		return Keys{}, errors.Join(errs...)
	}
	ring := &masters
	return Keys{&ring}, nil
}

func indexOf(list [][]byte, wanted []byte) int {
	for i, b := range list {
		if bytes.Equal(b, wanted) {
			return i
		}
	}
	return -1
}

// ReadOrCreateKeys reads keys from a file, as [ReadKeys] does. If the file does not exist, it
// creates one with a new key, which only the owner can read. If several processes do so at once, all
// get the same key. Keep the file: without it, every visitor is logged out.
func ReadOrCreateKeys(path string) (Keys, error) {
	keys, err := ReadKeys(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return keys, err
	}
	if err := createKeys(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return Keys{}, fmt.Errorf("session: creating keys: %w", err)
	}
	return ReadKeys(path)
}

// createKeys creates a file with one key. The file is complete when it gets its name.
func createKeys(path string) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*") // with permissions of 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(file.Name())) }()
	_, err = fmt.Fprintln(file, GenerateKey())
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Link(file.Name(), path) // a rename would replace the key of another process
}
