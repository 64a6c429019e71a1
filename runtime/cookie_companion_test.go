package runtime_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// TestCompanions puts cookies of all kinds in the companion's place. The session was
// saved an hour ago and idles for as long, so that it lives only if the companion,
// of half an hour ago, is believed.
func TestCompanions(t *testing.T) {
	clock := newClock()
	cfg := runtime.Config{Keys: parseKeys(t, keyA+" "+keyB), IdleTimeout: time.Hour, AbsoluteTimeout: 24 * time.Hour, Time: clock.now}
	m := newManager(t, cfg)
	start := clock.now()
	s := m.Open(t.Context(), nil)
	fieldUser.Set(s.Session, "hubo")
	id, data := s.ID(), pair(t, seal(t, m, s))
	session := strings.TrimPrefix(data, dataName+"=")
	other := m.Open(t.Context(), nil).ID()
	at := func(after time.Duration) uint64 { return uint64(start.Add(after).Unix()) }
	companion := func(id string, after time.Duration) string {
		return sealText(t, keyA, seenName, "seen", seenPlaintext(t, id, at(after)))
	}
	good := companion(id, 30*time.Minute)
	plaintext := seenPlaintext(t, id, at(30*time.Minute))
	with := func(plaintext []byte) string { return sealText(t, keyA, seenName, "seen", plaintext) }
	const lost, alive, renewed = "lost", "alive", "renewed"
	clock.advance(time.Hour)
	for _, c := range []struct {
		name, companion, want string
	}{
		{"none", "", lost},
		{"good", seenName + "=" + good, renewed},
		{"good, recent", seenName + "=" + companion(id, 59*time.Minute), alive},
		{"of a second after the save", seenName + "=" + companion(id, time.Second), renewed},
		{"of the time of the save", seenName + "=" + companion(id, 0), lost},
		{"older than the session", seenName + "=" + companion(id, -time.Hour), lost},
		{"of the future", seenName + "=" + companion(id, 2*time.Hour), alive},
		{"of a future that is wrong", seenName + "=" + companion(id, 10*time.Hour), renewed},
		{"of another session", seenName + "=" + companion(other, 30*time.Minute), lost},
		{"of an older key", seenName + "=" + sealText(t, keyB, seenName, "seen", plaintext), renewed},
		{"of an unknown key", seenName + "=" + sealText(t, keyC, seenName, "seen", plaintext), lost},
		{"of another cookie", seenName + "=" + sealText(t, keyA, "s-seen", "seen", plaintext), lost},
		{"of the session's name", seenName + "=" + sealText(t, keyA, dataName, "seen", plaintext), lost},
		{"of another purpose", seenName + "=" + sealText(t, keyA, seenName, "session", plaintext), lost},
		{"the session itself", seenName + "=" + session, lost},
		{"forged", seenName + "=" + good[:len(good)-3] + "AAA", lost},
		{"cut short", seenName + "=" + good[:len(good)-1], lost},
		{"longer", seenName + "=" + good + "A", lost},
		{"quoted", seenName + `="` + good + `"`, lost},
		{"garbage", seenName + "=\x00", lost},
		{"empty", seenName + "=", lost},
		{"without a value", seenName, lost},
		{"of another case", "__host-session-SEEN=" + good, lost},
		{"twice", seenName + "=" + good + "; " + seenName + "=garbage", renewed},
		{"after an empty one", seenName + "=; " + seenName + "=" + good, renewed},
		{"after garbage", seenName + "=garbage; " + seenName + "=" + good, renewed},
		{"after much garbage", strings.Repeat(seenName+"=garbage; ", 100) + seenName + "=" + good, renewed},
		{"after one of another session", seenName + "=" + companion(other, 59*time.Minute) + "; " + seenName + "=" + good, renewed},
		{"after seven forgeries", strings.Repeat(seenName+"="+good[:len(good)-3]+"AAA; ", 7) + seenName + "=" + good, renewed},
		{"after 199 forgeries", strings.Repeat(seenName+"="+good[:len(good)-3]+"AAA; ", 199) + seenName + "=" + good, renewed},
		{"after 200 forgeries, all that are decrypted", strings.Repeat(seenName+"="+good[:len(good)-3]+"AAA; ", 200) + seenName + "=" + good, lost},
		{"after one that is too old", seenName + "=" + companion(id, 0) + "; " + seenName + "=" + good, renewed},
		{"before one that is too old", seenName + "=" + good + "; " + seenName + "=" + companion(id, 0), renewed},
		{"an array of three", seenName + "=" + with(append([]byte{0x93}, append(plaintext[1:], 0xc0)...)), renewed},
		{"an array of one", seenName + "=" + with(append([]byte{0x91}, plaintext[1:]...)), lost},
		{"no array", seenName + "=" + with(plaintext[1:]), lost},
		{"no time", seenName + "=" + with(plaintext[:19]), lost},
		{"a negative time", seenName + "=" + with(append(plaintext[:19:19], 0xff)), lost},
		{"a time beyond all bounds", seenName + "=" + with(wire.AppendUint(plaintext[:19:19], 1<<63)), lost},
		{"a short id", seenName + "=" + with(append([]byte{0x92, 0xc4, 15}, plaintext[4:]...)), lost},
		{"nothing", seenName + "=" + with(nil), lost},
	} {
		for _, header := range []string{data + "; " + c.companion, c.companion + "; " + data} {
			var log eventLog
			cfg.OnEvent = log.record
			m := newManager(t, cfg)
			s := m.Open(t.Context(), []string{header})
			got := lost
			if !s.IsNew() {
				got = alive
			}
			lines, err := setCookieLines(m.Seal(s))
			switch sent := summary(t, lines); {
			case sent == seenName:
				got = renewed
			case sent != "" || err != nil:
				t.Errorf("%s: a request that reads sends %s, %v", c.name, sent, err)
			}
			if got != c.want {
				t.Errorf("%s: got %s, want %s", c.name, got, c.want)
			}
			if c.want == lost {
				log.expect(t, runtime.Event{Kind: runtime.EventRefused, Reason: runtime.RefusedIdle})
			} else {
				log.expect(t)
			}
		}
	}

	// The absolute end is final, whatever the companion says.
	for off, want := range map[time.Duration]bool{-time.Second: true, 0: false, time.Second: false} {
		clock.set(start.Add(24*time.Hour + off))
		for _, seen := range []uint64{at(24*time.Hour - time.Second), at(24 * time.Hour), at(1000 * time.Hour), 1 << 40} {
			header := data + "; " + seenName + "=" + sealText(t, keyA, seenName, "seen", seenPlaintext(t, id, seen))
			s := m.Open(t.Context(), []string{header})
			if !s.IsNew() != want || want && !s.ExpiresAt().Equal(start.Add(24*time.Hour)) {
				t.Errorf("%v, last used at %d: got a new session %v, until %v", off, seen, s.IsNew(), s.ExpiresAt())
			}
		}
	}
}

// A thief who took both cookies at different times gets no more than each says.
func TestReplayedCompanion(t *testing.T) {
	clock := newClock()
	m := newManager(t, runtime.Config{IdleTimeout: time.Hour, Time: clock.now})
	j := newJar(clock.now)
	j.visit(t, m, func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
	var companions []string
	for range 3 {
		clock.advance(50 * time.Minute)
		j.visit(t, m, read)
		companions = append(companions, seenName+"="+j.value(seenName))
	}
	data := dataName + "=" + j.value(dataName)
	clock.advance(5 * time.Minute)
	for i, want := range []bool{false, true, true} { // 105, 55 and 5 minutes old
		if s := m.Open(t.Context(), []string{data + "; " + companions[i]}); !s.IsNew() != want {
			t.Errorf("with companion %d: got alive %v, want %v", i, !s.IsNew(), want)
		}
	}
	// The latest of several counts: after a change of Domain or Path, the older one may come first.
	for _, headers := range [][]string{{data, companions[0], companions[2]}, {companions[2], companions[0], data}} {
		if s := m.Open(t.Context(), headers); s.IsNew() || !s.ExpiresAt().Equal(clock.now().Add(55*time.Minute)) {
			t.Errorf("with an older companion: got a new session %v, until %v", s.IsNew(), s.ExpiresAt())
		}
	}
}

// A token is good for one cookie.
func TestSwappedCookies(t *testing.T) {
	for _, chunks := range []int{0, 4} {
		clock := newClock()
		var log eventLog
		m := newManager(t, runtime.Config{IdleTimeout: time.Hour, MaxChunks: chunks, Time: clock.now, OnEvent: log.record})
		j := newJar(clock.now)
		j.visit(t, m, func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
		clock.advance(30 * time.Minute)
		j.visit(t, m, read)
		data, seen := j.value(dataName), j.value(seenName)
		log.take()
		for header, reason := range map[string]string{
			dataName + "=" + seen:                                runtime.RefusedPurpose,
			dataName + "=" + seen + "; " + seenName + "=" + data: runtime.RefusedPurpose,
			dataName + "=" + seen[:len(seen)-3] + "AAA":          runtime.RefusedPurpose, // nobody looks closer
			dataName + "=" + seen[:12]:                           runtime.RefusedMalformed,
		} {
			if s := m.Open(t.Context(), []string{header}); !s.IsNew() {
				t.Errorf("%.60s: the session opens", header)
			}
			log.expect(t, runtime.Event{Kind: runtime.EventRefused, Reason: reason})
		}
		s := m.Open(t.Context(), []string{dataName + "=" + seen + "; " + dataName + "=" + data})
		if s.IsNew() {
			t.Error("a companion's token hides the session")
		}
		log.expect(t, runtime.Event{Kind: runtime.EventRefused, Reason: runtime.RefusedPurpose})
		s = m.Open(t.Context(), []string{dataName + "=" + data + "; " + seenName + "=" + data})
		if s.IsNew() || !s.ExpiresAt().Equal(clock.now().Add(30*time.Minute)) {
			t.Errorf("a session's token counts as a companion: until %v", s.ExpiresAt())
		}
		log.expect(t)
	}
}

// A companion of an older key is sealed again; the session, which is not, must not be
// sent by a request that only reads.
func TestRotationOfTheCompanionAlone(t *testing.T) {
	clock := newClock()
	var log eventLog
	m := newManager(t, runtime.Config{IdleTimeout: time.Hour, Time: clock.now, OnEvent: log.record})
	j := newJar(clock.now)
	j.visit(t, m, func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
	clock.advance(30 * time.Minute)
	j.visit(t, m, read)
	m.SetKeys(parseKeys(t, keyB+" "+keyA))
	j.visit(t, m, func(s *visitor) { fieldVisits.Set(s.Session, 1) })

	late := m.Open(t.Context(), j.header()) // a reader, whose response comes after the next change's
	read(late)
	j.visit(t, m, func(s *visitor) { fieldVisits.Set(s.Session, 2) })
	log.take()
	lines, err := setCookieLines(m.Seal(late))
	if got := summary(t, lines); got != seenName || err != nil {
		t.Errorf("the reader gets cookies %q, %v, want the companion alone", got, err)
	}
	log.expect(t)
	j.receive(t, lines)
	m.SetKeys(parseKeys(t, keyB))
	clock.advance(59 * time.Minute)
	j.visit(t, m, func(s *visitor) {
		if s.IsNew() || fieldVisits.Get(s.Session) != 2 {
			t.Errorf("the change is lost: %v", s)
		}
	})
}

func TestCompanionEndsWithTheSession(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(*visitor)
		want string
	}{
		{"Clear", func(s *visitor) { s.Clear() }, "-" + dataName + " -" + seenName},
		{"Destroy", func(s *visitor) { s.Destroy() }, "-" + dataName + " -" + seenName},
		{"last field", func(s *visitor) { fieldUser.Clear(s.Session) }, "-" + dataName + " -" + seenName},
		{"not permanent", func(s *visitor) { s.SetPermanent(false) }, dataName + " -" + seenName},
		{"Clear and set", func(s *visitor) { s.Clear(); fieldUser.Set(s.Session, "eve") }, dataName + " -" + seenName},
		{"Destroy and set", func(s *visitor) { s.Destroy(); fieldUser.Set(s.Session, "eve") }, dataName + " -" + seenName},
	} {
		clock := newClock()
		m := newManager(t, runtime.Config{Sliding: true, Lifetime: time.Hour, Time: clock.now})
		j := newJar(clock.now)
		j.visit(t, m, func(s *visitor) { fieldUser.Set(s.Session, "hubo"); s.SetPermanent(true) })
		clock.advance(30 * time.Minute)
		j.visit(t, m, read)
		if j.value(seenName) == "" {
			t.Fatal("the browser has no companion")
		}
		if got := j.visit(t, m, c.end); got != c.want || j.value(seenName) != "" {
			t.Errorf("%s: got cookies %q, want %q; the jar has %q", c.name, got, c.want, j.header())
		}
		if got := j.visit(t, m, read); got != "" {
			t.Errorf("%s: the next request gets cookies %q, want none", c.name, got)
		}
	}
}

// A session with a new id does not live by the old one's companion.
func TestCompanionOfTheOldID(t *testing.T) {
	for name, renew := range map[string]func(*visitor){
		"Renew":           func(s *visitor) { s.Renew() },
		"principal":       func(s *visitor) { fieldAccount.Set(s.Session, 7) },
		"Destroy and set": func(s *visitor) { s.Destroy(); fieldUser.Set(s.Session, "eve") },
	} {
		clock := newClock()
		m := newManager(t, runtime.Config{IdleTimeout: time.Hour, Time: clock.now})
		j := newJar(clock.now)
		j.visit(t, m, func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
		clock.advance(30 * time.Minute)
		j.visit(t, m, read)
		late := m.Open(t.Context(), j.header()) // another request with the old id
		read(late)
		if got := j.visit(t, m, renew); got != dataName {
			t.Errorf("%s: the renewal sends %q, want %s", name, got, dataName)
		}
		clock.advance(10 * time.Minute)
		lines, _ := setCookieLines(m.Seal(late))
		if got := summary(t, lines); got != seenName {
			t.Errorf("%s: the late reader sends %q, want the companion alone", name, got)
		}
		j.receive(t, lines)
		header := j.header()
		clock.advance(50*time.Minute - time.Second)
		if s := m.Open(t.Context(), header); s.IsNew() {
			t.Errorf("%s: the session ends early", name)
		}
		clock.advance(time.Second)
		if s := m.Open(t.Context(), header); !s.IsNew() {
			t.Errorf("%s: the session lives by the companion of the old id", name)
		}
		clock.advance(-10 * time.Minute)
		if got := j.visit(t, m, read); got != seenName {
			t.Errorf("%s: a later use sends %q, want the companion alone", name, got)
		}
		clock.advance(59 * time.Minute)
		j.visit(t, m, func(s *visitor) {
			if s.IsNew() {
				t.Errorf("%s: the used session does not open", name)
			}
		})
	}
}

// The program is configured anew while browsers hold sessions.
func TestFeaturesSwitched(t *testing.T) {
	clock := newClock()
	with := newManager(t, runtime.Config{IdleTimeout: time.Hour, Time: clock.now})
	without := newManager(t, runtime.Config{Time: clock.now})
	j := newJar(clock.now)
	j.visit(t, with, func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
	clock.advance(30 * time.Minute)
	j.visit(t, with, read)
	clock.advance(30 * time.Minute)
	if got := j.visit(t, without, read); got != "" {
		t.Errorf("switched off, a request that reads sends %q", got)
	}
	if got := j.visit(t, without, func(s *visitor) { fieldVisits.Set(s.Session, 1) }); got != dataName+" -"+seenName {
		t.Errorf("switched off, a change sends %q", got)
	}
	if got := j.visit(t, without, func(s *visitor) { fieldVisits.Set(s.Session, 2) }); got != dataName {
		t.Errorf("switched off, a second change sends %q", got)
	}
	clock.advance(time.Hour - time.Second)
	if got := j.visit(t, with, read); got != seenName {
		t.Errorf("switched on again, a request that reads sends %q", got)
	}
	clock.advance(time.Hour)
	j.visit(t, with, func(s *visitor) {
		if !s.IsNew() {
			t.Error("switched on again, the session never becomes idle")
		}
	})
}

// A session saved a moment ago needs no companion, nor does one that is saved now.
func TestSaveCarriesTheLastUse(t *testing.T) {
	clock := newClock()
	m := newManager(t, runtime.Config{IdleTimeout: 30 * time.Minute, Time: clock.now})
	j := newJar(clock.now)
	var got []string
	for _, use := range []func(*visitor){
		func(s *visitor) { fieldVisits.Set(s.Session, 1) }, read,
		func(s *visitor) { fieldVisits.Set(s.Session, 2) }, read,
		func(s *visitor) {}, // which is no use
		read, read,
	} {
		got = append(got, j.visit(t, m, use))
		clock.advance(2 * time.Minute)
	}
	const data, seen = "__Host-session", "__Host-session-seen"
	if want := []string{data, "", data, "", "", seen, ""}; !slices.Equal(got, want) {
		t.Errorf("got cookies %q, want %q", got, want)
	}
}
