package runtime

import (
	"context"
)

// A log-out ends the old session too: what is left of it in the library's store, and, if there is a store
// of ours, the id that it would become.

// An ending is an old session that ends when the session is saved.
type ending struct {
	source *legacySource
	token  string    // under which the library's store has it; empty if there is none
	id     sessionID // of the session that it would become
	known  bool      // by its cookie, so that the id is known
}

// endOld notes that saving must end the old sessions that the request has, and the one that this session
// was. The session must still be what it was.
func (st *state) endOld() {
	l := st.manager.legacy
	if l == nil || st.isDown() {
		return
	}
	var all []ending
	if origin := st.Origin(); len(origin) > sourceNameSize {
		for i := range l.sources {
			if s := &l.sources[i]; s.name == origin[:sourceNameSize] {
				all = append(all, ending{source: s, token: origin[sourceNameSize:]})
			}
		}
	}
	for old := range l.received(st, false) {
		all = append(all, ending{source: old.source, token: old.Token, id: old.id, known: true})
	}
	if len(all) > 0 {
		t := st.troubled()
		t.endings = append(t.endings, all...)
	}
}

// finishOld ends what endOld has noted.
func (st *state) finishOld() error {
	if st.trouble == nil {
		return nil
	}
	for t := st.trouble; len(t.endings) > 0; t.endings = t.endings[1:] {
		if err := st.finishEnding(t.endings[0]); err != nil {
			return err
		}
	}
	return nil
}

func (st *state) finishEnding(e ending) error {
	if e.known { // first, so that nobody takes it over meanwhile
		if err := st.manager.home.endOld(st, e.id); err != nil {
			return err
		}
	}
	if e.token == "" || e.source.End == nil || st.now() >= e.source.Until.Unix() {
		return nil
	}
	return st.manager.legacy.reach(st, "legacy", func(ctx context.Context) error { return e.source.End(ctx, e.token) })
}

// leavesOld reports whether the browser must not keep the cookies of old sessions: it has ours in their
// place, or none.
func (st *state) leavesOld(lines []string) bool {
	return len(lines) > 0 || st.loggedOut || st.edits > imported && st.Empty()
}
