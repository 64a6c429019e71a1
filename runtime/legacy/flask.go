package legacy

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/oldsession"
)

// Flask reads the sessions of Flask's own session interface (Flask 2 and 3). They are in Flask's
// tagged JSON, may be compressed, and are signed by itsdangerous with HMAC-SHA1 and the salt
// "cookie-session". Tuples become lists, and Markup becomes a string. HMAC-SHA1 does not work with
// GODEBUG=fips140=only.
type Flask struct {
	// Name, Path and Domain are SESSION_COOKIE_NAME, SESSION_COOKIE_PATH and SESSION_COOKIE_DOMAIN.
	// The defaults are "session" for Name and "/" for Path.
	Name   string
	Path   string
	Domain string

	// Partitioned says whether SESSION_COOKIE_PARTITIONED is set. Browsers delete only a cookie with
	// the same setting.
	Partitioned bool

	// Keys are SECRET_KEY and SECRET_KEY_FALLBACKS, in any order.
	Keys [][]byte

	// Lifetime is PERMANENT_SESSION_LIFETIME, by default 31 days as in Flask. Flask ends every
	// session by it.
	Lifetime time.Duration

	// Until is when old sessions are no longer read. It must be set.
	Until time.Time
}

const (
	flaskLifetime = 31 * 24 * time.Hour
	flaskSalt     = "cookie-session"
)

// Legacy is called by the manager alone.
func (f Flask) Legacy() (s oldsession.Source, err error) {
	if len(f.Keys) == 0 {
		return s, errors.New("no Keys: set Flask's SECRET_KEY and SECRET_KEY_FALLBACKS")
	}
	if f.Name == "" {
		f.Name = "session"
	}
	if f.Lifetime == 0 {
		f.Lifetime = flaskLifetime
	}
	signer := flaskSigner{lifetime: f.Lifetime}
	for i, key := range f.Keys {
		if len(key) == 0 {
			return s, fmt.Errorf("an empty Keys[%d]: Flask has no sessions without a key", i)
		}
		derived := hmac.New(sha1.New, key)
		derived.Write([]byte(flaskSalt))
		signer.keys = append(signer.keys, derived.Sum(nil))
	}
	return oldsession.Source{Library: "flask", Cookie: f.Name, Path: f.Path, Domain: f.Domain, Partitioned: f.Partitioned, Until: f.Until, Open: signer.open}, nil
}

// A flaskSigner opens "payload.timestamp.signature", each part in base64 without padding. A payload that begins
// with a dot is compressed.
type flaskSigner struct {
	keys     [][]byte
	lifetime time.Duration
}

func (f flaskSigner) open(_ context.Context, value string, now time.Time) (*oldsession.Session, error) {
	end := strings.LastIndexByte(value, '.')
	if end < 0 {
		return nil, oldsession.ErrMalformed
	}
	signed := value[:end]
	sum, err := base64.RawURLEncoding.DecodeString(value[end+1:])
	if err != nil {
		return nil, oldsession.ErrMalformed
	}
	if !f.verifies(signed, sum) {
		return nil, oldsession.ErrForged
	}
	dot := strings.LastIndexByte(signed, '.')
	if dot < 0 {
		return nil, oldsession.ErrMalformed
	}
	made, err := flaskTime(signed[dot+1:])
	if err != nil {
		return nil, err
	}
	ends := endOf(made, f.lifetime)
	if !ends.IsZero() && now.After(ends) {
		return nil, oldsession.ErrExpired
	}
	text, err := flaskPayload(signed[:dot])
	if err != nil {
		return nil, oldsession.ErrMalformed
	}
	lookup, err := jsonLookup(text, func(raw json.RawMessage) oldsession.Value { return flaskValue{raw} })
	if err != nil {
		return nil, err
	}
	old := &oldsession.Session{Identity: signed, Expires: ends, Lookup: lookup}
	if v := lookup("_permanent"); v != nil && v.Decode(&old.Permanent) != nil {
		old.Permanent = false
	}
	return old, nil
}

func (f flaskSigner) verifies(signed string, sum []byte) bool {
	for _, key := range f.keys {
		mac := hmac.New(sha1.New, key)
		mac.Write([]byte(signed))
		if hmac.Equal(mac.Sum(nil), sum) {
			return true
		}
	}
	return false
}

// flaskTime parses a time in Unix seconds, big-endian without leading zeros.
func flaskTime(text string) (int64, error) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) > 7 {
		return 0, oldsession.ErrMalformed
	}
	var whole [8]byte
	copy(whole[8-len(b):], b)
	return int64(binary.BigEndian.Uint64(whole[:])), nil
}

func flaskPayload(text string) ([]byte, error) {
	text, compressed := strings.CutPrefix(text, ".")
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || !compressed {
		return b, err
	}
	z, err := zlib.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	b, err = io.ReadAll(io.LimitReader(z, maxRecord+1))
	if err == nil && len(b) > maxRecord {
		err = errType
	}
	return b, err
}
