package runtime_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/sessiongen/sessiongen/runtime/internal/tokentest"
	"github.com/sessiongen/sessiongen/runtime/internal/xaes/xaestest"
)

// addTokens adds files about the bytes of a token.
func (k *kitMaker) addTokens() {
	k.addPlain("token", "the usual session, which most files vary", usual())

	// alter makes the bytes of a good token into others.
	alter := func(name, comment, reason string, change func(raw []byte) []byte) {
		f := k.add(name, comment)
		f.send(f.Cookie + "=" + texted(change(decoded(f.token(usual())))))
		f.refuse(reason)
	}
	flip := func(name, what, reason string, at, bit int) {
		alter("flip-"+name, fmt.Sprintf("bit %d of %s is flipped", bit, what), reason, func(raw []byte) []byte {
			raw[(at+len(raw))%len(raw)] ^= 1 << bit
			return raw
		})
	}
	flip("suite", "the suite", tokentest.Malformed, 0, 7)
	flip("key-id-first", "the key id's first byte", tokentest.UnknownKey, 1, 0)
	flip("key-id-last", "the key id's last byte", tokentest.UnknownKey, 4, 7)
	flip("nonce-first", "the nonce's first byte", tokentest.Forged, 5, 7)
	flip("nonce-12th", "the nonce's 12th byte, the last that the subkey is derived from", tokentest.Forged, 16, 0)
	flip("nonce-13th", "the nonce's 13th byte, the first of the inner nonce", tokentest.Forged, 17, 7)
	flip("nonce-last", "the nonce's last byte", tokentest.Forged, 28, 0)
	flip("ciphertext-first", "the ciphertext's first byte", tokentest.Forged, 29, 0)
	flip("ciphertext-last", "the ciphertext's last byte", tokentest.Forged, -17, 0)
	flip("tag-first", "the tag's first byte", tokentest.Forged, -16, 7)
	flip("tag-last", "the tag's last byte", tokentest.Forged, -1, 0)
	for _, suite := range []byte{0, 2, 255} {
		alter(fmt.Sprintf("suite-%d", suite), fmt.Sprintf("the suite is %d", suite), tokentest.Malformed, func(raw []byte) []byte {
			raw[0] = suite
			return raw
		})
	}
	alter("suite-before-key", "the suite is 2, and the key id is unknown too", tokentest.Malformed, func(raw []byte) []byte {
		raw[0], raw[1] = 2, ^raw[1]
		return raw
	})
	alter("key-id-zero", "the key id is zero", tokentest.UnknownKey, func(raw []byte) []byte {
		clear(raw[1:5])
		return raw
	})
	alter("key-id-reversed", "the key id's bytes are in reverse", tokentest.UnknownKey, func(raw []byte) []byte {
		slices.Reverse(raw[1:5])
		return raw
	})
	alter("key-before-forgery", "the key id is unknown, and the tag is zero", tokentest.UnknownKey, func(raw []byte) []byte {
		raw[1]++
		clear(raw[len(raw)-16:])
		return raw
	})
	alter("tag-zero", "the tag is zero", tokentest.Forged, func(raw []byte) []byte {
		clear(raw[len(raw)-16:])
		return raw
	})
	alter("tag-first-in-order", "the tag precedes the ciphertext", tokentest.Forged, func(raw []byte) []byte {
		return slices.Concat(raw[:29], raw[len(raw)-16:], raw[29:len(raw)-16])
	})
	for _, cut := range []struct {
		name, comment, reason string
		left                  int
	}{
		{"one", "the last byte is missing", tokentest.Forged, -1},
		{"tag", "the tag is missing", tokentest.Forged, -16},
		{"shortest", "45 bytes are left, as many as the shortest token has", tokentest.Forged, 45},
		{"too-short", "44 bytes are left, less than the shortest token has", tokentest.Malformed, 44},
		{"nonce", "only the suite, the key id and the nonce are left", tokentest.Malformed, 29},
		{"head", "only the suite and the key id are left", tokentest.Malformed, 5},
		{"suite", "only the suite is left", tokentest.Malformed, 1},
	} {
		alter("cut-"+cut.name, cut.comment, cut.reason, func(raw []byte) []byte {
			if cut.left < 0 {
				return raw[:len(raw)+cut.left]
			}
			return raw[:cut.left]
		})
	}
	alter("cut-first", "the first byte is missing", tokentest.Malformed, func(raw []byte) []byte { return raw[1:] })
	alter("more-at-the-end", "a zero byte follows the tag", tokentest.Forged, func(raw []byte) []byte { return append(raw, 0) })
	alter("more-in-front", "a zero byte precedes the suite", tokentest.Malformed, func(raw []byte) []byte { return append([]byte{0}, raw...) })
	alter("twice", "the token's bytes come twice", tokentest.Forged, func(raw []byte) []byte { return append(raw, raw...) })

	// seal makes a token in another way than the format's.
	seal := func(name, comment, reason string, how func(master, nonce, plaintext []byte, f *kitFile) string) {
		f := k.add(name, comment)
		f.send(f.Cookie + "=" + how(f.Masters[0], f.nonce(), usual().bytes(), f))
		f.refuse(reason)
	}
	aad := func(name, comment string, of func(id []byte, cookie string) []byte) {
		seal("aad-"+name, comment, tokentest.Forged, func(master, nonce, plaintext []byte, f *kitFile) string {
			id := tokentest.KeyID(master, "session")
			return tokentest.Text(id, nonce, xaestest.Seal(tokentest.CookieKey(master), nonce, plaintext, of(id, f.Cookie)))
		})
	}
	aad("none", "no additional data", func([]byte, string) []byte { return nil })
	aad("no-lengths", "additional data without lengths", func(id []byte, cookie string) []byte {
		return slices.Concat([]byte("sessiongen\x01"), id, []byte(cookie+"session"))
	})
	aad("long-lengths", "additional data with lengths of 8 bytes", func(id []byte, cookie string) []byte {
		var aad []byte
		for _, part := range []string{"sessiongen", "\x01", string(id), cookie, "session"} {
			aad = append(binary.BigEndian.AppendUint64(aad, uint64(len(part))), part...)
		}
		return aad
	})
	aad("other-cookie", "sealed for the cookie __Secure-session", func(id []byte, _ string) []byte {
		return tokentest.AdditionalData(id, "__Secure-session", "session")
	})
	aad("cookie-in-lower-case", "sealed for the cookie __host-session", func(id []byte, _ string) []byte {
		return tokentest.AdditionalData(id, "__host-session", "session")
	})
	aad("other-purpose", "the additional data say seen, the key id says session", func(id []byte, cookie string) []byte {
		return tokentest.AdditionalData(id, cookie, "seen")
	})
	aad("moved-boundary", "the purpose begins one byte earlier, in the cookie's name", func(id []byte, cookie string) []byte {
		last := len(cookie) - 1
		return tokentest.AdditionalData(id, cookie[:last], cookie[last:]+"session")
	})
	seal("aes-gcm", "AES-256-GCM with the nonce's last 12 bytes, without the derived key", tokentest.Forged, func(master, nonce, plaintext []byte, f *kitFile) string {
		id := tokentest.KeyID(master, "session")
		block, err := aes.NewCipher(tokentest.CookieKey(master))
		if err != nil {
			k.t.Fatal(err)
		}
		gcm, err := cipher.NewGCM(block)
		if err != nil {
			k.t.Fatal(err)
		}
		return tokentest.Text(id, nonce, gcm.Seal(nil, nonce[12:], plaintext, tokentest.AdditionalData(id, f.Cookie, "session")))
	})
	seal("master-as-key", "sealed under the master key itself", tokentest.Forged, func(master, nonce, plaintext []byte, f *kitFile) string {
		id := tokentest.KeyID(master, "session")
		return tokentest.Text(id, nonce, xaestest.Seal(master, nonce, plaintext, tokentest.AdditionalData(id, f.Cookie, "session")))
	})
	seal("key-id-without-purpose", "the key id is derived without the purpose", tokentest.UnknownKey, func(master, nonce, plaintext []byte, f *kitFile) string {
		return tokentest.Seal(master, f.Cookie, "", nonce, plaintext)
	})
	seal("purpose-seen", "a token of the companion cookie", tokentest.WrongPurpose, func(master, nonce, _ []byte, f *kitFile) string {
		return tokentest.Seal(master, f.Cookie+"-seen", "seen", nonce, seenPlain(kitID, kitTime))
	})
	seal("purpose-seen-same-name", "a session sealed for the purpose seen", tokentest.WrongPurpose, func(master, nonce, plaintext []byte, f *kitFile) string {
		return tokentest.Seal(master, f.Cookie, "seen", nonce, plaintext)
	})
	seal("purpose-flow", "a token of a flow", tokentest.WrongPurpose, func(master, nonce, _ []byte, f *kitFile) string {
		return tokentest.Seal(master, f.Cookie, "flow", nonce, flowPlain())
	})
	seal("purpose-bound", "a session sealed for the purpose bound", tokentest.WrongPurpose, func(master, nonce, plaintext []byte, f *kitFile) string {
		return tokentest.Seal(master, f.Cookie+"-bound", "bound", nonce, plaintext)
	})
	seal("purpose-other", "a session sealed for the purpose store, which does not exist", tokentest.UnknownKey, func(master, nonce, plaintext []byte, f *kitFile) string {
		return tokentest.Seal(master, f.Cookie, "store", nonce, plaintext)
	})
	seal("purpose-before-forgery", "a token of the companion cookie whose tag is zero", tokentest.WrongPurpose, func(master, nonce, _ []byte, f *kitFile) string {
		raw := decoded(tokentest.Seal(master, f.Cookie+"-seen", "seen", nonce, seenPlain(kitID, kitTime)))
		clear(raw[len(raw)-16:])
		return texted(raw)
	})
}

// addTexts adds files about the text of a token.
func (k *kitMaker) addTexts() {
	// ending returns a token whose text has a length of n modulo 4, and which has both of
	// the characters that the alphabets differ in.
	ending := func(f *kitFile, n int) string {
		for user := "hubo"; ; user += "o" {
			p := usual()
			p.fields[1] = str(user)
			if text := f.token(p); len(text)%4 == n && strings.Contains(text, "-") && strings.Contains(text, "_") {
				return text
			}
			if len(user) > 30 {
				k.t.Fatal("no token of the wanted length contains - and _")
			}
		}
	}
	accept := func(f *kitFile, text string) {
		plaintext, _, _ := tokentest.OpenToken(f.Masters, f.Cookie, "session", text)
		p := usual().bytes()
		more := len(plaintext) - len(p) // the name is longer
		f.Fields[1].Value = str("hubo" + strings.Repeat("o", more))
	}
	for n, name := range map[int]string{0: "whole", 2: "two-characters", 3: "three-characters"} {
		f := k.add("base64-ends-"+name, fmt.Sprintf("the text has a length of %d modulo 4", n))
		text := ending(f, n)
		accept(f, text)
		f.send(f.Cookie + "=" + text)
	}
	alter := func(name, comment string, n int, change func(text string) string) {
		f := k.add("base64-"+name, comment)
		f.send(f.Cookie + "=" + change(ending(f, n)))
		f.refuse(tokentest.Malformed)
	}
	insert := func(s string) func(string) string {
		return func(text string) string { return text[:64] + s + text[64:] }
	}
	add := func(s string) func(string) string {
		return func(text string) string { return text + s }
	}
	alter("padding-1", "padded with one =", 3, add("="))
	alter("padding-2", "padded with two =", 2, add("=="))
	alter("padding-short", "padded with one = where two would be right", 2, add("="))
	alter("padding-needless", "padded where nothing is missing", 0, add("===="))
	alter("padding-escaped", "padded with an escaped =", 3, add("%3D"))
	alter("standard-alphabet", "+ and / in the place of - and _", 0, strings.NewReplacer("-", "+", "_", "/").Replace)
	alter("plus", "one + in the place of a -", 0, func(text string) string { return strings.Replace(text, "-", "+", 1) })
	alter("slash", "one / in the place of a _", 0, func(text string) string { return strings.Replace(text, "_", "/", 1) })
	alter("space-within", "a space within the text", 0, insert(" "))
	alter("space-in-front", "a space after the name's =", 0, func(text string) string { return " " + text })
	alter("tab-within", "a tab within the text", 0, insert("\t"))
	alter("line-break-within", "a line break within the text", 0, insert("\n"))
	alter("crlf-within", "CR and LF within the text", 0, insert("\r\n"))
	alter("line-break-at-the-end", "a line break after the text", 0, add("\n"))
	alter("null-within", "a null byte within the text", 0, insert("\x00"))
	alter("null-at-the-end", "a null byte after the text", 0, add("\x00"))
	alter("non-ascii", "a letter e with an acute accent within the text", 0, insert("\u00e9"))
	alter("high-bit", "the first character has its high bit set", 0, func(text string) string {
		return string([]byte{text[0] | 0x80}) + text[1:]
	})
	alter("dot-at-the-end", "a dot after the text", 0, add("."))
	alter("exclamation-mark", "the last character is an exclamation mark", 0, func(text string) string { return text[:len(text)-1] + "!" })
	alter("length-1-modulo-4", "one character more than a whole number of groups", 0, add("A"))
	alter("length-5", "the text has five characters", 0, func(text string) string { return text[:5] })
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	bits := func(bits int) func(string) string {
		return func(text string) string {
			last := strings.IndexByte(alphabet, text[len(text)-1])
			return text[:len(text)-1] + alphabet[last|bits:][:1]
		}
	}
	alter("trailing-bit-of-2", "the lowest of two trailing bits is set", 3, bits(1))
	alter("trailing-bits-of-2", "two trailing bits are set", 3, bits(3))
	alter("trailing-bit-of-4", "the lowest of four trailing bits is set", 2, bits(1))
	alter("trailing-bits-of-4", "the highest of four trailing bits is set", 2, bits(8))

	f := k.add("base64-before-key", "the last character is no base64, and the key is unknown too")
	text := f.tokenOf(kitKey(2), usual())
	f.send(f.Cookie + "=" + text[:len(text)-1] + "!")
	f.refuse(tokentest.Malformed)
	f = k.add("hex", "the token's bytes in hexadecimal, which is base64url of other bytes")
	f.send(f.Cookie + "=" + hex.EncodeToString(decoded(f.token(usual()))))
	f.refuse(tokentest.Malformed)
	f = k.add("garbage", "a word")
	f.send(f.Cookie + "=garbage")
	f.refuse(tokentest.Malformed)
	f = k.add("zeros", "90 zero bytes")
	f.send(f.Cookie + "=" + strings.Repeat("A", 120))
	f.refuse(tokentest.Malformed)
}

// addKeys adds files about the ring of keys.
func (k *kitMaker) addKeys() {
	ring := func(f *kitFile, n int) {
		f.Masters = nil
		for i := range n {
			f.Masters = append(f.Masters, kitKey(i+1))
		}
	}
	for _, c := range []struct {
		name, comment string
		keys, at      int
	}{
		{"key-first", "sealed under the first of two keys", 2, 1},
		{"key-second", "sealed under the second of two keys", 2, 2},
		{"key-32nd", "sealed under the last of 32 keys", 32, 32},
		{"key-64th", "sealed under the last of 64 keys, which are the most that a ring has", 64, 64},
		{"key-middle", "sealed under the second of three keys", 3, 2},
	} {
		f := k.add(c.name, c.comment)
		ring(f, c.keys)
		f.send(f.Cookie + "=" + f.tokenOf(kitKey(c.at), usual()))
		f.Reseal = c.at > 1
	}
	f := k.add("key-retired", "sealed under a key that is not in the ring of three")
	ring(f, 3)
	f.send(f.Cookie + "=" + f.tokenOf(kitKey(4), usual()))
	f.refuse(tokentest.UnknownKey)

	f = k.add("key-id-of-another", "the id of the first key, sealed under the second")
	ring(f, 2)
	raw := decoded(f.tokenOf(kitKey(2), usual()))
	copy(raw[1:], tokentest.KeyID(kitKey(1), "session"))
	f.send(f.Cookie + "=" + texted(raw))
	f.refuse(tokentest.Forged)

	f = k.add("key-second-purpose-seen", "a companion's token under the second of two keys")
	ring(f, 2)
	f.send(f.Cookie + "=" + tokentest.Seal(kitKey(2), f.Cookie+"-seen", "seen", f.nonce(), seenPlain(kitID, kitTime)))
	f.refuse(tokentest.WrongPurpose)

	f = k.add("key-retired-purpose-seen", "a companion's token under a key that is not in the ring")
	f.send(f.Cookie + "=" + tokentest.Seal(kitKey(2), f.Cookie+"-seen", "seen", f.nonce(), seenPlain(kitID, kitTime)))
	f.refuse(tokentest.UnknownKey)

	for name, cookie := range map[string]string{
		"cookie-name-short":   "s",
		"cookie-name-long":    strings.Repeat("n", 256),
		"cookie-name-symbols": "!#$%&'*+-.^_`|~",
	} {
		f := k.add(name, fmt.Sprintf("a cookie whose name has %d bytes", len(cookie)))
		f.Cookie = cookie
		f.send(f.cookie(usual()))
	}
	f = k.add("cookie-name-seen", "a cookie with a name such as a companion has")
	f.Cookie = "s-seen"
	f.send(f.cookie(usual()))
}

// seenPlain is the plaintext of a companion.
func seenPlain(id string, seen uint64) []byte {
	return bytes.Join([][]byte{{0x92}, bin(id), num(seen)}, nil)
}
