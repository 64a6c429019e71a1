package tokentest

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Settings are what an opener is told.
type Settings struct {
	Masters  [][]byte
	Cookie   string
	Lifetime int64 // all times in seconds
	Idle     int64 // 0 for none
	Absolute int64 // 0 for none
	Sliding  bool
	Chunks   int      // 0 or 1 for none
	Was      []string // the key of a field, then its older keys, the newest first
	Time     int64
	Flow     *FlowState // nil unless a flow is taken
	Expired  bool       // keep fields that have expired
}

// The clocks of servers differ. A time that is this far ahead counts as now, or is wrong.
const (
	tolerated = 300
	wrong     = 3600
)

// correct replaces a time that is wrong.
func (s Settings) correct(t int64) int64 {
	if t > s.Time+wrong {
		return s.Time
	}
	return t
}

// count returns a time as it counts.
func (s Settings) count(t int64) int64 {
	if t > s.Time+tolerated {
		return s.Time
	}
	return t
}

// An Outcome is what becomes of the cookies of a request.
type Outcome struct {
	Refused []string // why each cookie that was refused was, or the flow
	Value   []byte   // of the flow that is taken, encoded
	*Session
}

// A Session is what a cookie that is accepted says.
type Session struct {
	ID            [16]byte
	Created       int64
	Seen          int64 // when it was last saved
	Authenticated int64 // 0 for never
	Flags         uint64
	Later         []byte // encoded elements of the metadata that the format does not know
	Fields        []Field
	Used          int64 // when it was last used
	Expires       int64
	Reseal        bool // it is under a key that is not the newest, or a time in it is wrong
}

// A Field is one of a session's.
type Field struct {
	Key   string
	Value []byte
	Until int64 // when it expires, 0 for never
}

// Permanent is the flag of sessions that outlive the browser.
const Permanent = 1

// Open reads the session, or takes the flow, from the values of a request's Cookie header fields.
func (s Settings) Open(headers []string) Outcome {
	cookies := cookiesIn(headers)
	if s.Flow != nil {
		return s.takeFlow(cookies)
	}
	return s.openSession(cookies)
}

// openSession reads the session from the cookies of a request.
func (s Settings) openSession(cookies map[string][]string) Outcome {
	var out Outcome
	opens, found := 16, 4 // what is left of decryptions, and of authentic tokens
	accepted := ""
	for i, value := range cookies[s.Cookie] {
		if i == mostCookies || opens == 0 || found == 0 {
			break
		}
		if value == accepted {
			continue
		}
		session, decryptions, reason := s.open(value, cookies, opens)
		opens -= decryptions
		if reason == "" || reason == Expired || reason == Idle {
			found--
		}
		if reason == "" {
			accepted = cmp.Or(accepted, value)
		}
		out.add(session, reason)
	}
	return out
}

// add adds what came of one cookie.
func (out *Outcome) add(session *Session, reason string) {
	switch {
	case reason == "" && (out.Session == nil || newer(session, out.Session)):
		out.Session = session
	case reason != "" && out.Session == nil && len(out.Refused) < 8:
		out.Refused = append(out.Refused, reason)
	}
}

// cookiesIn are the values in Cookie header fields, by their names.
func cookiesIn(headers []string) map[string][]string {
	cookies := make(map[string][]string)
	for _, header := range headers {
		for pair := range strings.SplitSeq(header, ";") {
			name, value, _ := strings.Cut(strings.Trim(pair, " \t"), "=")
			if value != "" {
				cookies[name] = append(cookies[name], value)
			}
		}
	}
	return cookies
}

// newer reports whether a session wins over one that came before it.
func newer(a, b *Session) bool {
	return slices.Compare([]int64{a.Seen, a.Authenticated, a.Created}, []int64{b.Seen, b.Authenticated, b.Created}) > 0
}

// open opens what begins with the value of a cookie of the session's name.
func (s Settings) open(value string, cookies map[string][]string, most int) (_ *Session, decryptions int, reason string) {
	reason = Malformed
	texts, mixes := s.join(value, cookies)
	for i, text := range texts {
		if decryptions == most {
			break
		}
		session, decrypts, why := s.openText(text, cookies)
		if decrypts || mixes {
			decryptions++
		}
		if why != Forged && why != Malformed {
			return session, decryptions, why
		}
		if i == 0 {
			reason = why
		}
	}
	return nil, decryptions, reason
}

func (s Settings) openText(text string, cookies map[string][]string) (_ *Session, decrypts bool, reason string) {
	plaintext, key, reason := OpenToken(s.Masters, s.Cookie, PurposeSession, text)
	if reason != "" {
		return nil, reason == Forged, reason
	}
	session, ok := s.Parse(plaintext)
	if !ok {
		return nil, true, Malformed
	}
	session.Reseal = key > 0
	for _, t := range []*int64{&session.Created, &session.Seen, &session.Authenticated} {
		session.Reseal = session.Reseal || *t != s.correct(*t)
		*t = s.correct(*t)
	}
	session.Used = session.Seen
	slides := s.Sliding && session.Flags&Permanent != 0
	if slides || s.Idle > 0 {
		session.Used = max(session.Used, s.lastUse(others(cookies, s.Cookie+"-seen"), session.ID))
	}
	session.Expires, reason = s.expires(session, slides)
	if s.Time >= session.Expires {
		return nil, true, reason
	}
	session.Fields = slices.DeleteFunc(session.Fields, func(f Field) bool {
		return f.Until != 0 && f.Until <= s.Time && !s.Expired
	})
	return session, true, ""
}

// The bounds of what is read.
const (
	mostCookies  = 200   // of one name
	longestValue = 16384 // of the session's cookie
	longestOther = 4096  // of its other cookies
)

// others are the values of one of the session's other cookies.
func others(cookies map[string][]string, name string) []string {
	values := slices.DeleteFunc(slices.Clone(cookies[name]), func(v string) bool { return len(v) > longestOther })
	return values[:min(mostCookies, len(values))]
}

// join returns the tokens that chunks can make up, in the order in which they are tried, and whether
// more than the first may be.
func (s Settings) join(value string, cookies map[string][]string) (texts []string, mixes bool) {
	mark, first, ok := strings.Cut(value, ".")
	switch {
	case len(value) > longestValue:
		return nil, false
	case !ok:
		return []string{value}, false
	case len(mark) != 1 || mark < "2" || mark > "4" || mark > strconv.Itoa(s.Chunks):
		return nil, false
	}
	var chunks [][]string
	alike := mostCookies // how many of each name there are
	for i := 2; i <= int(mark[0]-'0'); i++ {
		values := others(cookies, fmt.Sprintf("%s-%d", s.Cookie, i))
		chunks, alike = append(chunks, values), min(alike, len(values))
	}
	for i := range alike {
		texts = append(texts, first)
		for _, values := range chunks {
			texts[i] += values[i]
		}
	}
	texts = append(texts, mixtures(first, chunks)...)
	if !s.ofOurKey(first) {
		return texts[:min(1, len(texts))], false
	}
	return texts, true
}

// mixtures are the combinations that take different ones of the names. That of the first name
// changes first.
func mixtures(first string, chunks [][]string) (texts []string) {
	n := 1
	for _, values := range chunks {
		n *= len(values)
	}
	for at := range min(n, mostCookies*mostCookies) {
		text, same, left := first, true, at
		for _, values := range chunks {
			i := left % len(values)
			left /= len(values)
			text += values[i]
			same = same && i == at%len(chunks[0])
		}
		if !same {
			texts = append(texts, text)
		}
	}
	return texts
}

// ofOurKey reports whether a text begins as a token under one of the keys does.
func (s Settings) ofOurKey(text string) bool {
	if len(text) < 8 {
		return false
	}
	raw, ok := decode(text[:8])
	return ok && raw[0] == suite && slices.ContainsFunc(s.Masters, func(master []byte) bool {
		return string(KeyID(master, PurposeSession)) == string(raw[1:5])
	})
}

// Parse reads a plaintext.
func (s Settings) Parse(plaintext []byte) (*Session, bool) {
	r := reader{b: plaintext}
	if r.item(array).n != 2 {
		return nil, false
	}
	var session Session
	elements := r.item(array).n
	id := r.item(binaryData).content
	session.Created = r.seconds()
	session.Seen = session.Created + r.seconds()
	if n := r.seconds(); n > 0 {
		session.Authenticated = session.Created + n - 1
	}
	session.Flags = r.item(positive).n
	var until map[string]int64
	if elements > 5 {
		until = parseExpiries(&r, session.Created)
	}
	for n := elements; n > 6 && !r.failed; n-- {
		session.Later = append(session.Later, r.value()...)
	}
	values := make(map[string][]byte)
	for n := r.item(mapping).n; n > 0 && !r.failed; n-- {
		key := string(r.item(text).content)
		if values[key] != nil {
			return nil, false
		}
		values[key] = r.value()
	}
	if r.failed || len(r.b) > 0 || elements < 5 || len(id) != 16 {
		return nil, false
	}
	session.ID = [16]byte(id)
	for key, value := range values {
		session.Fields = append(session.Fields, Field{key, value, until[key]})
	}
	session.Fields = s.rename(session.Fields)
	slices.SortFunc(session.Fields, func(a, b Field) int { return cmp.Compare(a.Key, b.Key) })
	return &session, true
}

// parseExpiries reads when fields end.
func parseExpiries(r *reader, created int64) map[string]int64 {
	until := make(map[string]int64)
	expiries := reader{b: r.value()}
	for n := expiries.item(mapping).n; n > 0 && !expiries.failed; n-- {
		key := string(expiries.item(text).content)
		until[key] = created + expiries.seconds()
	}
	r.failed = r.failed || expiries.failed
	return until
}

// rename gives the field that has older keys its own, and leaves out what came under any
// but the newest.
func (s Settings) rename(fields []Field) []Field {
	var kept []Field
	newest, age := Field{}, len(s.Was)
	for _, f := range fields {
		switch i := slices.Index(s.Was, f.Key); {
		case i < 0:
			kept = append(kept, f)
		case i < age:
			newest, age = Field{s.Was[0], f.Value, f.Until}, i
		}
	}
	if age < len(s.Was) {
		kept = append(kept, newest)
	}
	return kept
}

// lastUse returns when the session with an id was last used by what its companions say.
func (s Settings) lastUse(companions []string, id [16]byte) (used int64) {
	for _, text := range companions {
		plaintext, _, reason := OpenToken(s.Masters, s.Cookie+"-seen", PurposeSeen, text)
		if seen, ok := parseSeen(plaintext, id); ok && reason == "" {
			used = max(used, s.correct(seen))
		}
	}
	return used
}

// parseSeen reads the plaintext of the companion of the session with an id.
func parseSeen(plaintext []byte, id [16]byte) (seen int64, ok bool) {
	r := reader{b: plaintext}
	elements := r.item(array).n
	owner := r.item(binaryData).content
	seen = r.seconds()
	for ; elements > 2 && !r.failed; elements-- {
		r.value()
	}
	return seen, !r.failed && elements == 2 && len(r.b) == 0 && string(owner) == string(id[:])
}

// expires returns the earliest of a session's ends, and what it is refused for from
// then on. Of several at once, the first counts.
func (s Settings) expires(session *Session, slides bool) (int64, string) {
	type end struct {
		at     int64
		reason string
	}
	ends := []end{{s.count(session.Seen) + s.Lifetime, Expired}}
	if slides {
		ends[0].at = s.count(session.Used) + s.Lifetime
	}
	if s.Idle > 0 {
		ends = append(ends, end{s.count(session.Used) + s.Idle, Idle})
	}
	if s.Absolute > 0 {
		ends = append(ends, end{s.count(session.Created) + s.Absolute, Expired})
	}
	first := slices.MinFunc(ends, func(a, b end) int { return cmp.Compare(a.at, b.at) })
	return first.at, first.reason
}
