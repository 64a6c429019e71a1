package dbsc

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"math/big"
	"strings"
	"testing"
)

// Proofs that Chromium sends today, or may send later, are accepted.
func TestProofs(t *testing.T) {
	d := newDevice(t, 7)
	x, y := d.coordinates(t)
	jwk := `{"crv":"P-256","kty":"EC","x":"` + x + `","y":"` + y + `"}`
	for name, c := range map[string]struct{ header, claims string }{
		"as Chromium sends it":    {d.header(t), claim},
		"other order and spaces":  {`{ "typ": "dbsc+jwt", "jwk": ` + jwk + `, "alg" : "ES256" }`, "\n" + claim + " "},
		"more claims":             {d.header(t), `{"aud":"https://site.test","sub":{"a":[1,2]},"iat":1,"jti":"challenge","authorization":null}`},
		"more of the header":      {`{"alg":"ES256","typ":"dbsc+jwt","kid":"1","jwk":` + jwk + `}`, claim},
		"more of the key":         {`{"alg":"ES256","typ":"dbsc+jwt","jwk":{"use":"sig",` + jwk[1:] + `}`, claim},
		"escaped letters":         {`{"\u0061lg":"ES\u003256","typ":"dbsc+jwt","jwk":` + jwk + `}`, `{"jti":"ch\u0061llenge"}`},
		"members apart from case": {d.header(t), `{"jti":"challenge","JTI":"other"}`},
	} {
		jws := d.sign(t, c.header, c.claims)
		key, challenge, err := Registration(jws)
		if err != nil || challenge != "challenge" || key != d.key(t) {
			t.Errorf("%s: Registration returns %q, error %v", name, challenge, err)
		}
		// After an answer that it could not read Chromium sends the proof of its registration again.
		if challenge, err := Proof(jws, d.key(t)); err != nil || challenge != "challenge" {
			t.Errorf("%s: Proof returns %q, error %v", name, challenge, err)
		}
	}
	jws := d.sign(t, es256, claim)
	if challenge, err := Proof(jws, d.key(t)); err != nil || challenge != "challenge" {
		t.Errorf("Proof returns %q, error %v", challenge, err)
	}
	for what, key := range map[string]Key{"another key": newDevice(t, 8).key(t), "no key": {}} {
		if challenge, err := Proof(jws, key); !errors.Is(err, ErrSignature) || challenge != "" {
			t.Errorf("%s: Proof returns %q, error %v, want ErrSignature", what, challenge, err)
		}
	}
	long := strings.Repeat("c", MaxChallenge)
	if _, challenge, err := Registration(d.sign(t, d.header(t), `{"jti":"`+long+`"}`)); err != nil || challenge != long {
		t.Errorf("a challenge of %d bytes: got error %v", MaxChallenge, err)
	}
}

// attacks are proofs that must be refused, by a registration (if their header has a key) and by a proof of the key
// of device 7, and with which error a registration refuses them.
func attacks(t testing.TB) map[string]struct {
	jws  string
	want error
} {
	t.Helper()
	d := newDevice(t, 7)
	key := d.key(t).Bytes()
	x, y := d.coordinates(t)
	encode := base64url.EncodeToString
	ok := d.sign(t, d.header(t), claim)
	head, rest, _ := strings.Cut(ok, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	text := head + "." + payload
	r, s := d.rs(t, text)
	order := elliptic.P256().Params().N
	pair := func(r, s *big.Int) string {
		return text + "." + encode(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
	}
	with := func(old, new string) string {
		changed := strings.Replace(d.header(t), old, new, 1)
		if changed == d.header(t) {
			t.Fatalf("the header has no %s", old)
		}
		return d.sign(t, changed, claim)
	}
	claims := func(claims string) string { return d.sign(t, d.header(t), claims) }
	type attack = struct {
		jws  string
		want error
	}
	all := map[string]attack{
		"nothing":           {"", ErrMalformed},
		"dots":              {"..", ErrMalformed},
		"one part":          {head, ErrMalformed},
		"two parts":         {text, ErrMalformed},
		"four parts":        {ok + ".e30", ErrMalformed},
		"a part in front":   {"." + ok, ErrMalformed},
		"no signature":      {text + ".", ErrSignature},
		"space behind":      {ok + " ", ErrSignature},
		"line break behind": {ok + "\n", ErrSignature},
		"line break within": {ok[:len(ok)-4] + "\r\n" + ok[len(ok)-4:], ErrSignature},
		"line break before": {"\n" + ok, ErrMalformed},
		"quoted":            {`"` + ok + `"`, ErrMalformed},
		"padded header":     {d.signText(t, head+"=."+payload), ErrMalformed},
		"padded claims":     {d.signText(t, head+"."+encode([]byte(claim))+"="), ErrMalformed},
		"line break in the claims": {
			d.signText(t, head+"."+payload[:4]+"\n"+payload[4:]), ErrMalformed},
		"base64 with + and /": {text + "." + strings.NewReplacer("-", "+", "_", "/").Replace(longWith(t, d, text)), ErrSignature},
		"trailing bits":       {ok[:len(ok)-1] + next(ok[len(ok)-1]), ErrSignature},

		"none":               {with(`"ES256"`, `"none"`), ErrAlgorithm},
		"none, unsigned":     {strings.Replace(with(`"ES256"`, `"none"`), signature, "", 1), ErrAlgorithm},
		"alg in other case":  {with(`"ES256"`, `"es256"`), ErrAlgorithm},
		"alg as an array":    {with(`"ES256"`, `["ES256"]`), ErrAlgorithm},
		"alg of null":        {with(`"ES256"`, `null`), ErrAlgorithm},
		"no alg":             {with(`"alg":"ES256",`, ``), ErrAlgorithm},
		"ALG":                {with(`"alg"`, `"ALG"`), ErrAlgorithm},
		"typ JWT":            {with(`dbsc+jwt`, `JWT`), ErrAlgorithm},
		"typ in other case":  {with(`dbsc+jwt`, `DBSC+JWT`), ErrAlgorithm},
		"typ with a prefix":  {with(`dbsc+jwt`, `application/dbsc+jwt`), ErrAlgorithm},
		"no typ":             {with(`,"typ":"dbsc+jwt"`, ``), ErrAlgorithm},
		"critical extension": {with(`"alg"`, `"crit":["b64"],"b64":false,"alg"`), ErrAlgorithm},

		"HS256 with the public key": {hs256(strings.Replace(d.header(t), "ES256", "HS256", 1), key), ErrAlgorithm},
		"HS256 called ES256":        {hs256(d.header(t), key), ErrSignature},
		"RS256":                     {rs256(t, strings.Replace(d.header(t), "ES256", "RS256", 1)), ErrAlgorithm},
		"RS256 called ES256":        {rs256(t, d.header(t)), ErrSignature},
		"ES384":                     {es384(t, strings.Replace(d.header(t), "ES256", "ES384", 1)), ErrAlgorithm},
		"ES384 called ES256":        {es384(t, d.header(t)), ErrSignature},

		"DER":                       {text + "." + encode(d.der(t, text)), ErrSignature},
		"DER as long as two halves": {text + "." + encode(append(d.der(t, text), make([]byte, 64)...)[:64]), ErrSignature},
		"a short r and s":           {text + "." + encode(append(r.Bytes(), s.Bytes()...)[:63]), ErrSignature},
		"a long r and s":            {text + "." + encode(append(append([]byte{0}, r.FillBytes(make([]byte, 32))...), s.FillBytes(make([]byte, 32))...)), ErrSignature},
		"zero r and s":              {pair(new(big.Int), new(big.Int)), ErrSignature},
		"zero r":                    {pair(new(big.Int), s), ErrSignature},
		"zero s":                    {pair(r, new(big.Int)), ErrSignature},
		"r and s of the order":      {pair(order, order), ErrSignature},
		"r and s changed about":     {pair(s, r), ErrSignature},
		"signature of other claims": {
			head + "." + encode([]byte(`{"jti":"other"}`)) + "." + signature, ErrSignature},
		"header of another proof": {
			encode([]byte(strings.Replace(d.header(t), `{`, `{"kid":"1",`, 1))) + "." + payload + "." + signature, ErrSignature},

		"no key":                {d.sign(t, es256, claim), ErrKey},
		"key of null":           {d.sign(t, `{"alg":"ES256","typ":"dbsc+jwt","jwk":null}`, claim), ErrKey},
		"key as text":           {d.sign(t, `{"alg":"ES256","typ":"dbsc+jwt","jwk":"{}"}`, claim), ErrKey},
		"key of another type":   {with(`"EC"`, `"OKP"`), ErrKey},
		"symmetric key":         {d.sign(t, `{"alg":"ES256","typ":"dbsc+jwt","jwk":{"kty":"oct","k":"AAAA"}}`, claim), ErrKey},
		"another curve":         {with(`"P-256"`, `"P-384"`), ErrKey},
		"curve in other case":   {with(`"P-256"`, `"p-256"`), ErrKey},
		"a point off the curve": {with(x, encode(append(key[1:32:32], key[32]^1))), ErrKey},
		"x and y changed about": {with(`"x":"`+x+`","y":"`+y+`"`, `"x":"`+y+`","y":"`+x+`"`), ErrKey},
		"the point zero":        {with(`"x":"`+x+`","y":"`+y+`"`, `"x":"`+encode(make([]byte, 32))+`","y":"`+encode(make([]byte, 32))+`"`), ErrKey},
		"x past the field": {with(x, encode(new(big.Int).Add(elliptic.P256().Params().P,
			big.NewInt(5)).FillBytes(make([]byte, 32)))), ErrKey},
		"x of 31 bytes":       {with(x, encode(key[2:33])), ErrKey},
		"x of 33 bytes":       {with(x, encode(append([]byte{0}, key[1:33]...))), ErrKey},
		"x padded":            {with(x, x+"="), ErrKey},
		"x with a line break": {with(x, x[:8]+`\n`+x[8:]), ErrKey},
		"no y":                {with(`,"y":"`+y+`"`, ``), ErrKey},
		"x twice":             {with(`"x"`, `"x":"`+y+`","x"`), ErrKey},
		"x of a megabyte":     {with(x, strings.Repeat("A", 1<<20)), ErrMalformed},
		"x of a kilobyte":     {with(x, strings.Repeat("A", 1<<10)), ErrKey},

		"alg twice":           {with(`"alg"`, `"alg":"none","alg"`), ErrMalformed},
		"alg twice, escaped":  {with(`"alg"`, `"\u0061lg":"none","alg"`), ErrMalformed},
		"jwk twice":           {with(`"jwk"`, `"jwk":{},"jwk"`), ErrMalformed},
		"header as an array":  {d.sign(t, `["alg","ES256"]`, claim), ErrMalformed},
		"header and more":     {d.sign(t, d.header(t)+"{}", claim), ErrMalformed},
		"header cut off":      {d.sign(t, strings.TrimSuffix(d.header(t), "}"), claim), ErrMalformed},
		"header of no UTF-8":  {with(`"alg"`, "\"\xff\":1,\"alg\""), ErrMalformed},
		"header of 100 names": {with(`"alg"`, names(100)+`"alg"`), ErrMalformed},

		"claims as an array":     {claims(`["jti"]`), ErrMalformed},
		"claims and more":        {claims(claim + claim), ErrMalformed},
		"claims and a zero byte": {claims(claim + "\x00"), ErrMalformed},
		"claims cut off":         {claims(`{"jti":"challenge"`), ErrMalformed},
		"claims with a comma":    {claims(`{"jti":"challenge",}`), ErrMalformed},
		"claims of no UTF-8":     {claims("{\"jti\":\"challenge\xff\"}"), ErrMalformed},
		"claims of 100 names":    {claims(`{` + names(100) + `"jti":"challenge"}`), ErrMalformed},
		"claims nested deeply":   {claims(`{"a":` + strings.Repeat("[", 1<<20) + `,"jti":"challenge"}`), ErrMalformed},
		"claims nested":          {claims(`{"a":` + strings.Repeat("[", 4000) + `,"jti":"challenge"}`), ErrMalformed},
		"no claims":              {claims(``), ErrMalformed},
		"jti twice":              {claims(`{"jti":"challenge","jti":"challenge"}`), ErrMalformed},
		"a claim twice":          {claims(`{"aud":1,"jti":"challenge","aud":2}`), ErrMalformed},
		"no jti":                 {claims(`{}`), ErrChallenge},
		"JTI":                    {claims(`{"JTI":"challenge"}`), ErrChallenge},
		"an empty jti":           {claims(`{"jti":""}`), ErrChallenge},
		"jti of null":            {claims(`{"jti":null}`), ErrChallenge},
		"jti as a number":        {claims(`{"jti":1}`), ErrChallenge},
		"jti as an array":        {claims(`{"jti":["challenge"]}`), ErrChallenge},
		"a long jti":             {claims(`{"jti":"` + strings.Repeat("c", MaxChallenge+1) + `"}`), ErrChallenge},
		"a jti of a megabyte":    {claims(`{"jti":"` + strings.Repeat("c", 1<<20) + `"}`), ErrMalformed},
	}
	return all
}

func TestAttacks(t *testing.T) {
	key := newDevice(t, 7).key(t)
	for name, c := range attacks(t) {
		got, challenge, err := Registration(c.jws)
		if !errors.Is(err, c.want) || challenge != "" || got != (Key{}) {
			t.Errorf("%s: Registration returns %q, error %v, want %v", name, challenge, err, c.want)
		}
		// The known key counts alone, and so a proof may come with a wrong one.
		challenge, err = Proof(c.jws, key)
		if c.want != ErrKey && (!errors.Is(err, c.want) || challenge != "") {
			t.Errorf("%s: Proof returns %q, error %v, want %v", name, challenge, err, c.want)
		}
	}
}

// The key in the header alone proves nothing: another device has signed.
func TestKeyOfAnother(t *testing.T) {
	mine, other := newDevice(t, 7), newDevice(t, 8)
	jws := other.sign(t, mine.header(t), claim)
	if _, _, err := Registration(jws); !errors.Is(err, ErrSignature) {
		t.Errorf("a registration of another's key: got error %v, want ErrSignature", err)
	}
	jws = other.sign(t, other.header(t), claim)
	if _, err := Proof(jws, mine.key(t)); !errors.Is(err, ErrSignature) {
		t.Errorf("a proof that brings its own key: got error %v, want ErrSignature", err)
	}
}

// RFC 7515 appendix A.3 has a signature that was not made here.
func TestSignatureOfTheRFC(t *testing.T) {
	key, ok := parseJWK([]byte(`{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",` +
		`"y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}`))
	if !ok {
		t.Fatal("the key is refused")
	}
	signature, ok := decode("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q", 64)
	if !ok {
		t.Fatal("the signature is refused")
	}
	p := proof{signed: "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
		signature: signature}
	if !p.verified(key) {
		t.Error("the signature does not verify")
	}
	p.signed += "A"
	if p.verified(key) {
		t.Error("the signature verifies another text")
	}
}

// next returns the letter whose last bits alone are not those of the one given.
func next(letter byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(alphabet[strings.IndexByte(alphabet, letter)^1])
}

// longWith returns a signature of 64 bytes that has letters in which the two alphabets differ.
func longWith(t testing.TB, d device, text string) string {
	t.Helper()
	signature := base64url.EncodeToString(append([]byte{0xfb, 0xff}, make([]byte, 62)...))
	if !strings.ContainsAny(signature, "-_") {
		t.Fatal("the signature has no such letter")
	}
	return signature
}

func names(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(`"n` + string(rune('0'+i/10)) + string(rune('0'+i%10)) + `":1,`)
	}
	return b.String()
}

func hs256(header string, key []byte) string {
	text := base64url.EncodeToString([]byte(header)) + "." + base64url.EncodeToString([]byte(claim))
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return text + "." + base64url.EncodeToString(mac.Sum(nil))
}

func rs256(t testing.TB, header string) string {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	text := base64url.EncodeToString([]byte(header)) + "." + base64url.EncodeToString([]byte(claim))
	digest := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(nil, private, crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64url.EncodeToString(signature)
}

func es384(t testing.TB, header string) string {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text := base64url.EncodeToString([]byte(header)) + "." + base64url.EncodeToString([]byte(claim))
	digest := sha512.Sum384([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, private, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64url.EncodeToString(append(r.FillBytes(make([]byte, 48)), s.FillBytes(make([]byte, 48))...))
}
