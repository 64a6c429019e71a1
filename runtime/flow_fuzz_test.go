package runtime_test

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/codec"
	"github.com/sessiongen/sessiongen/runtime/internal/tokentest"
)

// FuzzFlow: whatever stands in a flow's token, under a key of the ring, the runtime makes of it what the second
// implementation does, and a header of the fuzzer's beside it neither hides it nor breaks anything.
func FuzzFlow(f *testing.F) {
	for _, plaintext := range [][]byte{
		nil, {0x95}, flowPlain(), flowPlain()[:30], append(flowPlain(), 0), append([]byte{0x96}, flowPlain()[1:]...),
		tokentest.FlowPlaintext(4, kitField, kitState, num(kitStarted), num(kitEnds), nil),
		tokentest.FlowPlaintext(5, "pay", kitState, num(kitStarted), num(kitEnds), kitValue),
		tokentest.FlowPlaintext(5, kitField, kitState, num(kitStarted), num(kitTime), kitValue),
	} {
		f.Add(plaintext, "", kitState)
		f.Add(plaintext, "__Host-session-x-; __Host-session-x-"+kitState[:8]+"=x; =; __Host-session-x-x=y", kitState)
		f.Add(plaintext, "", "no state")
	}
	master, err := base64.RawURLEncoding.DecodeString(keyA)
	if err != nil {
		f.Fatal(err)
	}
	m := newManager(f, runtime.Config{Keys: parseKeys(f, keyA), Time: func() time.Time { return time.Unix(kitTime, 0) }})
	flow := &runtime.Flow[[]byte]{Name: "SignIn", Key: kitField, Max: 2, TTL: time.Minute,
		Encode: codec.EncodeBytes[[]byte], Decode: codec.DecodeBytes[[]byte]}
	f.Fuzz(func(t *testing.T, plaintext []byte, beside, state string) {
		settings := tokentest.Settings{Masters: [][]byte{master}, Cookie: dataName, Time: kitTime,
			Flow: &tokentest.FlowState{Field: kitField, State: state}}
		headers := []string{dataName + "-x-" + kitState[:8] + "=" + tokentest.Seal(master, dataName, "flow", make([]byte, 24), plaintext), beside}
		want := settings.Open(headers)
		s := m.Open(t.Context(), headers)
		got, ok := flow.Take(s.Session, state)
		if _, isBytes := codec.Decode(want.Value, codec.DecodeBytes[[]byte]); ok != (want.Value != nil && isBytes == nil) {
			t.Fatalf("Take returns %q, %v, want as the reference %s", got, ok, &want)
		}
		next := flow.Start(s.Session, []byte("new"))
		if v, ok := flow.Take(s.Session, next); !ok || string(v) != "new" {
			t.Fatalf("Take of another flow returns %q, %v", v, ok)
		}
		if _, err := m.Seal(s); err != nil {
			t.Fatal(err)
		}
	})
}
