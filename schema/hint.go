package schema

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/sessiongen/sessiongen/internal/code"
)

// Hints are suggestions, not errors: those of each schema, and schemas without a principal that have a field which
// looks like a visitor's account. A schema does not tell where its sessions are kept; in cookies alone they cannot be
// revoked by account anyway.
func (p *Package) Hints() (hints Findings) {
	for _, s := range p.Schemas {
		hints = append(hints, s.Hints...)
		if s.Principal() != nil {
			continue
		}
		if i := slices.IndexFunc(s.Fields, looksLikeAccount); i >= 0 {
			f := s.Fields[i]
			hints = append(hints, NewFinding(code.NoPrincipal, f.TagPos,
				fmt.Sprintf("`session:\"%s,principal\"` gives the session a new id at each log-in, and sessions in a store "+
					"can be listed and ended by account", f.Key),
				"field %s looks like an account, and schema %s has no principal", f.Name, s.Name))
		}
	}
	return hints
}

// account matches names of account ids, in lower case and without underscores. Names such as username are not
// included: they change while the account stays.
var account = regexp.MustCompile(`^(auth|current|loggedin)?` +
	`((user|account|subject|principal|customer|member|person|identity|login)(id|uuid|guid|number|no)|user|account|subject|principal|uid|sub)$`)

// looksLikeAccount reports whether a field holds the id of an account, by its name or key, and its type.
func looksLikeAccount(f *Field) bool {
	switch f.Type.Kind {
	case Int, Uint, String, Bytes, ByteArray, Custom, Msgpack, Binary, Text:
	default:
		return false
	}
	return slices.ContainsFunc([]string{f.Name, f.Key}, func(name string) bool {
		return account.MatchString(strings.ToLower(strings.NewReplacer("_", "", "-", "", ".", "").Replace(name)))
	})
}
