package runtime_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sessiongen/sessiongen/runtime/internal/tokentest"
)

// TestKitDrawn: the runtime and the second implementation agree about whatever cookies a request has.
func TestKitDrawn(t *testing.T) {
	var f kitFile
	f.name, f.Cookie, f.Masters = "drawn", "__Host-session", [][]byte{kitKey(1), kitKey(2)}
	f.Lifetime, f.Idle, f.Chunks, f.Time = 7200, 3600, 3, kitTime
	pieces := drawnPieces(&f)
	// Differences that show only at the bounds are rare: one took 300 requests to be found.
	for range 20 {
		rapid.Check(t, func(r *rapid.T) { drawRequest(t, r, &f, pieces) })
	}
}

// drawRequest holds both implementations to one request.
func drawRequest(t *testing.T, r *rapid.T, f *kitFile, pieces []string) {
	var cookies []string
	for range rapid.IntRange(1, 8).Draw(r, "runs") {
		piece := rapid.SampledFrom(pieces).Draw(r, "piece")
		times := rapid.OneOf(rapid.Just(1), rapid.IntRange(1, 18)).Draw(r, "times")
		for range times {
			cookies = append(cookies, piece)
		}
	}
	headers := []string{strings.Join(cookies, "; ")}
	want := f.Settings.Open(headers)
	var log eventLog
	m := newManagerOf(t, kitConfig(t, &f.File, &log))
	s := m.Open(t.Context(), headers)
	if s.IsNew() != (want.Session == nil) {
		r.Fatalf("got new %v, the reference says\n%s", s.IsNew(), &want)
	}
	if got := refusals(log.take()); !slices.Equal(got, want.Refused) {
		r.Fatalf("got refusals %q, the reference says %q", got, want.Refused)
	}
	if !s.IsNew() && (s.ID() != base64.RawURLEncoding.EncodeToString(want.ID[:]) || s.ExpiresAt().Unix() != want.Expires) {
		r.Fatalf("got session %s until %d, the reference says\n%s", s.ID(), s.ExpiresAt().Unix(), &want)
	}
}

// drawnPieces are cookies of all kinds: whole tokens and chunks of some, companions, and what is none.
func drawnPieces(f *kitFile) (pieces []string) {
	forged := func(text string) string {
		raw := decoded(text)
		raw[len(raw)-1] ^= 1
		return texted(raw)
	}
	add := func(suffix, value string) { pieces = append(pieces, f.Cookie+suffix+"="+value) }
	for i := range 4 {
		id := slices.Concat([]byte{0xc4, 16}, []byte(fmt.Sprintf("%016d", i)))
		p := usual().with(metaID, id).with(metaSeen, num(uint64(kitSeen-kitCreated-i%2)))
		token := f.tokenOf(f.Masters[i%2], p)
		chunks := 2 + i%2
		size := len(token)/chunks + 1
		add("", token)
		add("", forged(token))
		add("", fmt.Sprintf("%d.%s", chunks, token[:size]))
		for n := 1; n < chunks; n++ {
			add(fmt.Sprintf("-%d", n+1), token[n*size:min((n+1)*size, len(token))])
		}
		companion := tokentest.Seal(f.Masters[0], f.Cookie+"-seen", "seen", f.nonce(), seenPlain(string(id[2:]), kitTime-60))
		add("-seen", companion)
		add("-seen", forged(companion))
	}
	expired := usual().with(metaCreated, num(uint64(kitCreated-f.Lifetime)))
	add("", f.token(expired))
	add("", f.tokenOf(kitKey(3), usual()))
	add("", "2.garbage")
	for _, suffix := range []string{"", "-2", "-3", "-4", "-seen"} {
		add(suffix, "garbage")
		add(suffix, "")
		add(suffix, strings.Repeat("A", 4097))
	}
	return pieces
}
