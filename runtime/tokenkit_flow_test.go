package runtime_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/codec"
	"github.com/sessiongen/sessiongen/runtime/internal/tokentest"
)

// The flow that most files are about.
const (
	kitField   = "sign_in"
	kitStarted = kitTime - 60
	kitEnds    = kitTime + 540
)

var (
	kitState = base64.RawURLEncoding.EncodeToString([]byte("a state, of 16 b"))
	kitValue = bin("the value")
)

// flowPlain is the plaintext of that flow.
func flowPlain() []byte {
	return tokentest.FlowPlaintext(5, kitField, kitState, num(kitStarted), num(kitEnds), kitValue)
}

// addFlows adds files about flows.
func (k *kitMaker) addFlows() {
	// add adds a file of one cookie, whose token has this plaintext; the empty reason means that it is taken.
	add := func(name, comment, reason string, plaintext []byte) *kitFile {
		f := k.add("flow-"+name, comment)
		f.Flow = &tokentest.FlowState{Field: kitField, State: kitState}
		f.Outcome = tokentest.Outcome{Value: kitValue}
		if reason != "" {
			f.refuse(reason)
		}
		f.send(f.flow(plaintext))
		return f
	}
	plain := func(field, state string, started, ends uint64) []byte {
		return tokentest.FlowPlaintext(5, field, state, num(started), num(ends), kitValue)
	}
	other := base64.RawURLEncoding.EncodeToString([]byte("a state, and yet"))
	add("taken", "a flow comes back", "", flowPlain())
	add("other-state", "the cookie has another flow whose state begins in the same way", tokentest.OtherFlow, plain(kitField, other, kitStarted, kitEnds))
	add("other-field", "it is a flow of another field", tokentest.OtherField, plain("pay", kitState, kitStarted, kitEnds))
	add("second-cookie", "it is the token of a second cookie, without a value", tokentest.OtherFlow,
		tokentest.FlowPlaintext(4, kitField, kitState, num(kitStarted), num(kitEnds), nil))
	add("before-end", "a second before the flow ends", "", plain(kitField, kitState, kitStarted, kitTime+1))
	add("at-end", "the flow ends", tokentest.Expired, plain(kitField, kitState, kitStarted, kitTime))
	add("future-tolerated", "it was begun by a clock that is 5 minutes ahead", "", plain(kitField, kitState, kitTime+300, kitTime+900))
	add("future", "it was begun by a clock that is more than 5 minutes ahead", tokentest.Expired, plain(kitField, kitState, kitTime+301, kitTime+901))
	add("three-elements", "an array of three", tokentest.Malformed,
		tokentest.FlowPlaintext(3, kitField, kitState, num(kitStarted), nil, nil))
	add("six-elements", "an array of six", tokentest.Malformed,
		tokentest.FlowPlaintext(6, kitField, kitState, num(kitStarted), num(kitEnds), append(kitValue[:len(kitValue):len(kitValue)], 0xc0)))
	add("no-value", "an array of five without the fifth", tokentest.Malformed,
		tokentest.FlowPlaintext(5, kitField, kitState, num(kitStarted), num(kitEnds), nil))
	add("trailing", "a byte more", tokentest.Malformed, append(flowPlain(), 0xc0))
	add("short-state", "a state of 15 bytes", tokentest.Malformed,
		tokentest.FlowPlaintext(5, kitField, kitState[:20], num(kitStarted), num(kitEnds), kitValue))
	add("negative", "it began before 1970", tokentest.Malformed,
		tokentest.FlowPlaintext(5, kitField, kitState, []byte{0xff}, num(kitEnds), kitValue))
	add("invalid-value", "the value has the code 0xc1", tokentest.Malformed,
		tokentest.FlowPlaintext(5, kitField, kitState, num(kitStarted), num(kitEnds), []byte{0xc1}))

	add("none", "no cookie", tokentest.NoFlow, nil).send()
	add("state-malformed", "the state that comes back is none", tokentest.Malformed, flowPlain()).Flow.State = kitState[:21] + "="
	add("state-long", "the state that comes back is longer", tokentest.Malformed, flowPlain()).Flow.State = kitState + "A"
	second := add("second-key", "the second of two keys", "", flowPlain())
	second.Masters = append([][]byte{kitKey(2)}, second.Masters...)
	unknown := add("unknown-key", "a key that is not in the ring", tokentest.UnknownKey, flowPlain())
	unknown.Masters = [][]byte{kitKey(2)}
	add("of-another-name", "sealed for a cookie of another name", tokentest.Forged, nil).sendToken(func(f *kitFile) string {
		return tokentest.Seal(f.Masters[0], "session", tokentest.PurposeFlow, f.nonce(), flowPlain())
	})
	add("of-session", "a session in the cookie of a flow", tokentest.WrongPurpose, nil).sendToken(func(f *kitFile) string { return f.token(usual()) })
	add("of-purpose-session", "the plaintext of a flow, sealed for the purpose session", tokentest.WrongPurpose, nil).sendToken(func(f *kitFile) string {
		return tokentest.Seal(f.Masters[0], f.Cookie, tokentest.PurposeSession, f.nonce(), flowPlain())
	})
	add("malformed", "no token", tokentest.Malformed, nil).sendToken(func(*kitFile) string { return "garbage" })
	for name, n := range map[string]int{"sixteenth": 15, "seventeenth": 16, "200th": 199, "201st": 200} {
		reason := map[bool]string{true: tokentest.Malformed}[n >= 200]
		f := add(name, "the "+name+" cookie of the name is the flow", reason, flowPlain())
		f.send(strings.Repeat(f.Cookie+"-x-"+kitState[:8]+"=x; ", n) + f.Headers[0])
	}
	f := add("first-reason", "of several that are refused, the first one's reason counts", tokentest.Expired, plain(kitField, kitState, kitStarted, kitTime))
	f.send(f.Headers[0] + "; " + f.Cookie + "-x-" + kitState[:8] + "=x")
	k.addFlowsOfPath()
}

// addFlowsOfPath adds files about flows whose cookies have a path of their own.
func (k *kitMaker) addFlowsOfPath() {
	second := func(field, state string, started, ends uint64) []byte {
		return tokentest.FlowPlaintext(4, field, state, num(started), num(ends), nil)
	}
	begun := second(kitField, kitState, kitStarted, kitEnds)
	other := base64.RawURLEncoding.EncodeToString([]byte("a state, and yet"))
	// add adds a file with a first cookie that is good, and a second one with this plaintext.
	add := func(name, comment, reason string, plaintext []byte) *kitFile {
		f := k.add("flow-path-"+name, comment)
		f.Flow = &tokentest.FlowState{Field: kitField, State: kitState, Path: "/callback"}
		f.Outcome = tokentest.Outcome{Value: kitValue}
		if reason != "" {
			f.refuse(reason)
		}
		f.send("__Secure-session" + f.flow(flowPlain())[len("__Host-session"):] + "; " + f.secondCookie(plaintext))
		return f
	}
	first := func(f *kitFile) string {
		cookie, _, _ := strings.Cut(f.Headers[0], "; ")
		return cookie
	}
	add("taken", "a flow comes back to its path, with both cookies", "", begun)
	f := add("second-alone", "the second cookie without the first", tokentest.NoFlow, begun)
	f.send(f.secondCookie(begun))
	f = add("first-alone", "the first cookie without the second", tokentest.NoFlow, begun)
	f.send(first(f))
	add("second-other-state", "the second cookie is of another state", tokentest.OtherFlow, second(kitField, other, kitStarted, kitEnds))
	add("second-has-value", "the second cookie has a value", tokentest.OtherFlow, flowPlain())
	add("second-other-field", "the second cookie is of another field", tokentest.OtherField, second("pay", kitState, kitStarted, kitEnds))
	add("second-at-end", "the second cookie says that the flow ends", tokentest.Expired, second(kitField, kitState, kitStarted, kitTime))
	f = add("second-of-session", "a session in the second cookie", tokentest.WrongPurpose, begun)
	f.send(first(f) + "; " + f.Cookie + "-x-" + kitState[:8] + "-begun=" + f.token(usual()))
	f = add("second-malformed", "the second cookie is no token", tokentest.Malformed, begun)
	f.send(first(f) + "; " + f.Cookie + "-x-" + kitState[:8] + "-begun=x")
	f = add("second-after-others", "the second cookie is the second of its name", "", begun)
	f.send(f.Cookie + "-x-" + kitState[:8] + "-begun=x; " + f.Headers[0])
	f = add("second-in-secure", "the second cookie has the prefix of the first", tokentest.NoFlow, begun)
	f.send(strings.Replace(f.Headers[0], "; __Host-", "; __Secure-", 1))
	f = add("first-in-host", "the first cookie has the prefix of the second", tokentest.NoFlow, begun)
	f.send(strings.Replace(f.Headers[0], "__Secure-", "__Host-", 1))
	f = add("no-prefix", "the names have no prefix", "", begun)
	f.Cookie = "session"
	f.send(f.flow(flowPlain()) + "; " + f.secondCookie(begun))
}

// secondCookie returns the second cookie of a flow with this plaintext.
func (f *kitFile) secondCookie(plaintext []byte) string {
	return strings.Replace(f.flow(plaintext), "=", "-begun=", 1)
}

// flow returns the cookie of a flow with this plaintext.
func (f *kitFile) flow(plaintext []byte) string {
	return f.Cookie + "-x-" + kitState[:8] + "=" + tokentest.Seal(f.Masters[0], f.Cookie, tokentest.PurposeFlow, f.nonce(), plaintext)
}

// sendToken makes another token the cookie of the flow.
func (f *kitFile) sendToken(token func(*kitFile) string) {
	f.send(f.Cookie + "-x-" + kitState[:8] + "=" + token(f))
}

// TestKitFlows: the runtime takes the flows of the files, and refuses the others.
func TestKitFlows(t *testing.T) {
	n := 0
	for _, name := range kitNames(t) {
		f := readKit(t, name)
		if f.Flow == nil {
			continue
		}
		n++
		var log eventLog
		m := newManager(t, kitConfig(t, f, &log))
		flow := &runtime.Flow[[]byte]{Name: "SignIn", Key: f.Flow.Field, Path: f.Flow.Path, Max: 5, TTL: time.Minute,
			Encode: codec.EncodeBytes[[]byte], Decode: codec.DecodeBytes[[]byte]}
		v, ok := flow.Take(m.Open(t.Context(), f.Headers).Session, f.Flow.State)
		var got tokentest.Outcome
		if ok {
			got.Value = bin(string(v))
		}
		for _, e := range log.take() {
			got.Refused = append(got.Refused, e.Reason)
		}
		if !bytes.Equal(got.Value, f.Value) || got.String() != f.Outcome.String() {
			t.Errorf("%s (%s): got\n%swant\n%s", name, f.Comment, &got, &f.Outcome)
		}
	}
	if n < 20 {
		t.Errorf("got %d files, want at least 20", n)
	}
}
