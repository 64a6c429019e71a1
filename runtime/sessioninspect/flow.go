package sessioninspect

import (
	"strings"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/internal/cookie"
	"github.com/sessiongen/sessiongen/runtime/internal/payload"
	"github.com/sessiongen/sessiongen/runtime/internal/token"
	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// maxFlows is how many cookies of flows are opened. It is more than browsers keep for a site.
const maxFlows = 200

// flows opens the cookies of flows, including those with their own path.
func (i *inspector) flows(headers []string) (cookies []Cookie) {
	prefixes := []string{i.Name + cookie.FlowMark}
	if rest, isHost := strings.CutPrefix(i.Name, "__Host-"); isHost {
		prefixes = append(prefixes, "__Secure-"+rest+cookie.FlowMark)
	}
	for _, prefix := range prefixes {
		for name, value := range cookie.WithPrefix(headers, prefix) {
			if len(cookies) == maxFlows {
				return cookies
			}
			cookies = append(cookies, i.openFlow(name, value))
		}
	}
	return cookies
}

// openFlow opens the token of a flow. It shows neither the state, which would let somebody take the
// flow, nor the value, which may be a secret such as a verifier.
func (i *inspector) openFlow(name, text string) Cookie {
	c := Cookie{Name: name, Kind: "flow", Key: i.keyOf(text, -1)}
	plaintext, key, err := i.flow.Open(nil, text)
	if err == token.ErrForged {
		plaintext, key, err = i.hostFlow.Open(nil, text)
	}
	if err != nil {
		c.Refused, c.Why = i.explain(err, text, i.session, i.id, i.record, i.companion, i.badge)
		return c
	}
	c.Key = i.keyOf(text, key)
	f, started, ends, ok := readFlow(plaintext)
	if !ok {
		c.Refused, c.Why = runtime.RefusedMalformed, "the token opens, but what it holds is not a flow of this format"
		return c
	}
	for _, s := range i.Schema {
		if s.has(f.Key) {
			f.Name = s.Name
		}
	}
	c.Created, c.Expires, c.Fields = exact(started), exact(ends), []Field{f}
	if i.now >= ends || started > i.now+payload.ClockTolerance {
		c.Refused, c.Why = runtime.RefusedExpired, "the flow has ended, or is of a clock that is wrong"
	}
	return c
}

// readFlow parses the plaintext of a flow's token. The second cookie of a flow with its own path has
// no value.
func readFlow(plaintext []byte) (f Field, started, ends int64, ok bool) {
	const stateSize = 16
	r := wire.NewReader(plaintext)
	elements := r.Array()
	f.Key = string(r.String())
	r.Fixed(stateSize)
	started, ends = r.Seconds(), r.Seconds()
	f.Type, f.Redacted = "none", "no value"
	if elements == 5 {
		at := r.Pos()
		r.Skip()
		if raw := r.From(at); len(raw) > 0 {
			f.Bytes, f.Type, f.Redacted = len(raw), typeOf(raw), "a flow"
		}
	}
	return f, started, ends, r.Done() && (elements == 4 || elements == 5)
}
