package runtime

import (
	"cmp"

	"github.com/sessiongen/sessiongen/runtime/internal/principal"
	"github.com/sessiongen/sessiongen/runtime/internal/token"
)

// rings are the keys in use. Each purpose has its own ring, so that a token of one kind does not
// open as another.
type rings struct {
	session    *token.Ring // session cookies
	companion  *token.Ring
	id         *token.Ring      // cookies with the id of a session in a store
	record     *token.Ring      // records in a store
	flow       *token.Ring      // cookies of flows
	badge      *token.Ring      // badges
	device     *token.Ring      // what a browser gets to sign and to return
	principals []*principal.Key // newest first
	history    keyHistory
}

// Purposes are part of the tokens' format.
const (
	sessionPurpose   = "session"
	companionPurpose = "seen"
	idPurpose        = "id"
	recordPurpose    = "record"
	flowPurpose      = "flow"
	badgePurpose     = "bound"
	devicePurpose    = "device"
)

func (m *manager) setKeys(keys Keys) error {
	r, err := m.newRings(keys)
	if err == nil {
		m.rings.Store(r)
	}
	return err
}

func (m *manager) newRings(keys Keys) (*rings, error) {
	masters := keys.masters()
	if len(masters) == 0 {
		return nil, ErrNoKeys
	}
	var r rings
	var errs [8]error
	name := m.cookie.Name()
	r.session, errs[0] = token.NewRing(masters, name, sessionPurpose)
	r.companion, errs[1] = token.NewRing(masters, m.cookie.CompanionName(), companionPurpose)
	r.id, errs[2] = token.NewRing(masters, name, idPurpose)
	r.record, errs[3] = token.NewRing(masters, name, recordPurpose)
	r.flow, errs[5] = token.NewRing(masters, name, flowPurpose)
	r.badge, errs[6] = token.NewRing(masters, m.cookie.BadgeName(), badgePurpose)
	r.device, errs[7] = token.NewRing(masters, name, devicePurpose)
	r.principals, errs[4] = principal.NewKeys(masters, name)
	if err := cmp.Or(errs[:]...); err != nil {
		return nil, err
	}
	return &r, nil
}
