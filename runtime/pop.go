package runtime

import "errors"

// pop is take, for the one request that gets the value.
func (st *state) pop(f *descriptor) []byte {
	if !st.manager.inStore() {
		return st.take(f)
	}
	st.lock()
	defer st.unlock()
	if err := st.enter(); err != nil {
		st.fail(err)
		return nil
	}
	defer st.leave()
	r := st.remote
	// What this request has set itself is nobody else's, and a session whose principal
	// is taken moves to another id, which one request alone can do.
	if st.contents.value(f.index) == nil || !r.found || r.settled(f) || f.principal {
		return st.takeLocked(f)
	}
	updates := r.withdraw(f)
	raw, err := st.claim(f)
	switch {
	case errors.Is(err, ErrNoRecord):
		err = st.lose()
		updates = nil
	case err == nil && raw != nil:
		st.modified, r.claimed = true, true
		r.send = r.send || st.meta.permanent()
	}
	if err != nil {
		st.fail(err)
		return nil
	}
	for _, c := range updates {
		if updated := st.unlocked(func() []byte { return c.again(raw) }); updated != nil {
			raw = updated
		}
	}
	return raw
}

// claim takes a value out of the record, and nothing else. It is nil if another request
// was faster.
func (st *state) claim(f *descriptor) (raw []byte, err error) {
	m, r := st.manager, st.remote
	s := stored{contents: m.contentsOf(r.plaintext), version: r.version, plaintext: r.plaintext, used: st.used, oldKey: r.oldRecord}
	turn := st.newTurn(r.id)
	defer func() { turn.leave(err) }()
	newer := false
	for {
		now := st.now()
		s.prune(now)
		if raw = s.value(f.index); raw == nil {
			break
		}
		s.remove(f.index)
		s.meta.seen = max(now, s.meta.created)
		rec, plaintext, err := m.sealRecord(s.contents, s.version+1, now)
		if err != nil {
			return nil, err
		}
		err = st.replace(m.recordKey(r.id), s.version, rec)
		if err == nil {
			s.version, s.plaintext, s.used, s.oldKey = rec.Version, plaintext, now, false
			break
		}
		if !errors.Is(err, ErrConflict) {
			return nil, err
		}
		if err := turn.next(); err != nil {
			return nil, err
		}
		if s, err = st.loadRecord(r.id, m.newContents()); err != nil {
			return nil, err
		}
		newer = true
	}
	if newer {
		st.rebase(s)
		return raw, nil
	}
	st.contents.remove(f.index)
	st.used, st.meta.seen = s.used, s.meta.seen
	r.hold(s)
	return raw, nil
}
