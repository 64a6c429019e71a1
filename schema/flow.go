package schema

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/sessiongen/sessiongen/internal/code"
)

// The option flow, and options for flows only.

// The default limits of a flow, and the largest that can be set: each flow is a cookie, and browsers send all of them.
const (
	flowMax = 5
	flowTTL = 10 * time.Minute

	mostFlows   = 16
	longestFlow = 24 * time.Hour
)

// notOfFlows are options that have no use, or a harmful one, on flows.
var notOfFlows = []string{"each", "principal", "visitor", "secret", "was"}

// ofFlows are options for flows only.
var ofFlows = []string{"path", "samesite"}

// matchesUse reports an option that does not go with the use of the field.
func (in *inspector) matchesUse(f *Field, o option) bool {
	name := o.name.s
	switch {
	case f.Use == Flow && slices.Contains(notOfFlows, name):
		in.report(code.OptionConflict, o.name.at(), "leave "+name+" out: a flow is a sealed cookie of its own, which is gone in minutes", "%s does not go with flow", name)
	case f.Use != Flow && slices.Contains(ofFlows, name):
		in.report(code.InapplicableOption, o.name.at(), "leave it out: Config.Path and Config.SameSite are for the session's cookie", "%s is for a field with the option flow", name)
	default:
		return true
	}
	return false
}

// flow checks the limits of a flow, and sets missing ones.
func (in *inspector) flow(f *Field) {
	if at, ok := in.given(f, "max"); ok && f.Max > mostFlows {
		in.report(code.InvalidLimit, at, "give it a smaller max: each is a cookie, which the browser sends with every request", "more than %d flows at once", mostFlows)
	}
	if at, ok := in.given(f, "ttl"); ok && f.TTL > longestFlow {
		in.report(code.InvalidTTL, at, "keep what takes longer on the server", "a flow of more than 24h")
	}
	f.Max, f.TTL = cmp.Or(f.Max, flowMax), cmp.Or(f.TTL, flowTTL)
}

// flowsAlone reports a schema without a field in the session itself.
func (in *inspector) flowsAlone(s *Schema) {
	if len(s.Fields) > 0 && len(s.Stored()) == 0 {
		in.reportAt(code.EmptySchema, s.Pos, "a flow is a cookie of its own: give the session a field, too", "schema %s has nothing but flows", s.Name)
	}
}

// maxPath limits the path of a cookie: browsers ignore a longer one.
const maxPath = 1024

// path notes where the browser sends the cookie of a flow.
func (in *inspector) path(f *Field, o option) {
	odd := func(r rune) bool { return r <= ' ' || r >= 0x7f || r == ';' }
	if !strings.HasPrefix(o.value.s, "/") || strings.ContainsFunc(o.value.s, odd) || len(o.value.s) > maxPath {
		in.report(code.InvalidPath, o.value.at(), "write the path that the flow comes back to, as in path=/callback", "path=%s is not the path of a cookie", o.value.s)
		return
	}
	f.Path = o.value.s
}

// sameSite notes that a flow may also come back by a form on another site.
func (in *inspector) sameSite(f *Field, o option) {
	if f.CrossSite = o.value.s == "none"; !f.CrossSite {
		in.report(code.InvalidSameSite, o.value.at(), "write samesite=none if the answer is a form of another site, as with response_mode=form_post, or leave it out",
			"samesite=%s is not for a flow", o.value.s)
	}
}
