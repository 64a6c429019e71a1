package runtime_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/sessiongen/sessiongen/runtime/internal/tokentest"
)

// addTimes adds files about when a session ends.
func (k *kitMaker) addTimes() {
	permanent := usual().with(metaFlags, num(1))
	for _, c := range []struct {
		name, comment string
		settings      tokentest.Settings
		p             kitPlain
		end           int64
		reason        string
	}{
		{"lifetime", "the lifetime, from the last save",
			tokentest.Settings{Lifetime: 7200}, usual(), kitSeen + 7200, tokentest.Expired},
		{"lifetime-of-a-second", "a lifetime of one second",
			tokentest.Settings{Lifetime: 1}, usual(), kitSeen + 1, tokentest.Expired},
		{"lifetime-permanent", "the lifetime of a permanent session, which does not slide",
			tokentest.Settings{Lifetime: 7200}, permanent, kitSeen + 7200, tokentest.Expired},
		{"lifetime-sliding", "the lifetime of a permanent session that slides, but has no companion",
			tokentest.Settings{Lifetime: 7200, Sliding: true}, permanent, kitSeen + 7200, tokentest.Expired},
		{"absolute", "the absolute timeout, from the beginning",
			tokentest.Settings{Lifetime: 7200, Absolute: 5400}, usual(), kitCreated + 5400, tokentest.Expired},
		{"absolute-later", "the lifetime, which ends before the absolute timeout",
			tokentest.Settings{Lifetime: 7200, Absolute: 86400}, usual(), kitSeen + 7200, tokentest.Expired},
		{"absolute-sliding", "the absolute timeout of a permanent session that slides",
			tokentest.Settings{Lifetime: 7200, Absolute: 5400, Sliding: true}, permanent, kitCreated + 5400, tokentest.Expired},
		{"idle", "the idle timeout, without a companion",
			tokentest.Settings{Lifetime: 7200, Idle: 1800}, usual(), kitSeen + 1800, tokentest.Idle},
		{"idle-permanent", "the idle timeout of a permanent session",
			tokentest.Settings{Lifetime: 7200, Idle: 1800}, permanent, kitSeen + 1800, tokentest.Idle},
		{"idle-later", "the lifetime, which ends before the idle timeout",
			tokentest.Settings{Lifetime: 7200, Idle: 86400}, usual(), kitSeen + 7200, tokentest.Expired},
		{"idle-and-lifetime", "the lifetime and the idle timeout at once",
			tokentest.Settings{Lifetime: 7200, Idle: 7200}, usual(), kitSeen + 7200, tokentest.Expired},
		{"idle-and-absolute", "the absolute and the idle timeout at once",
			tokentest.Settings{Lifetime: 86400, Absolute: 4800, Idle: 1800}, usual(), kitCreated + 4800, tokentest.Idle},
		{"absolute-before-idle", "the absolute timeout, a second before the idle one",
			tokentest.Settings{Lifetime: 86400, Absolute: 4799, Idle: 1800}, usual(), kitCreated + 4799, tokentest.Expired},
		{"idle-before-absolute", "the idle timeout, a second before the absolute one",
			tokentest.Settings{Lifetime: 86400, Absolute: 4801, Idle: 1800}, usual(), kitSeen + 1800, tokentest.Idle},
	} {
		for _, now := range []struct {
			name, comment string
			offset        int64
		}{
			{"before", "ends in one second", -1}, {"at", "ends now", 0}, {"after", "ended a second ago", 1}, {"long-after", "ended a year ago", 365 * 86400},
		} {
			f := k.addPlain("time-"+c.name+"-"+now.name, c.comment+", "+now.comment, c.p)
			c.settings.Masters, c.settings.Cookie, c.settings.Time = f.Masters, f.Cookie, c.end+now.offset
			f.Settings = c.settings
			f.Expires, f.Flags = c.end, uint64(c.p.metadata[metaFlags][0])
			if now.offset >= 0 {
				f.refuse(c.reason)
			}
		}
	}
	p := usual()
	p.tail = unhex("c0")
	f := k.addPlain("time-malformed-and-expired", "nil follows the plaintext of a session that has expired", p)
	f.Lifetime = 1
	f.refuse(tokentest.Malformed)
	f = k.add("time-forged-and-expired", "the last bit of a session that has expired is flipped")
	raw := decoded(f.token(usual()))
	raw[len(raw)-1] ^= 1
	f.Lifetime = 1
	f.send(f.Cookie + "=" + texted(raw))
	f.refuse(tokentest.Forged)
	f = k.addPlain("time-of-the-epoch", "a session that began, and was last saved, in 1970", usual().with(metaCreated, num(0)).with(metaSeen, num(0)))
	f.refuse(tokentest.Expired)
	f = k.addPlain("time-before-it-began", "the clock was set back to a day before the session began", usual())
	f.Time = kitCreated - 86400
	f.Created, f.Seen, f.Used, f.Expires = f.Time, f.Time, f.Time, f.Time+f.Lifetime
	f.Reseal = true
}

// addCompanions adds files about the cookie with the time of the last use.
func (k *kitMaker) addCompanions() {
	seal := func(f *kitFile, master []byte, plaintext []byte) string {
		return f.Cookie + "-seen=" + tokentest.Seal(master, f.Cookie+"-seen", "seen", f.nonce(), plaintext)
	}
	// idle adds a file with an idle timeout of an hour; the session was saved ten
	// minutes before the file's time.
	idle := func(name, comment string, p kitPlain, companion func(f *kitFile) string) *kitFile {
		f := k.add("seen-"+name, comment)
		f.Idle = 3600
		f.Expires = kitSeen + f.Idle
		f.send(f.cookie(p) + "; " + companion(f))
		return f
	}
	used := func(f *kitFile, used, expires int64) { f.Used, f.Expires = used, expires }
	at := func(seen uint64) func(f *kitFile) string {
		return func(f *kitFile) string { return seal(f, f.Masters[0], seenPlain(kitID, seen)) }
	}
	permanent := usual().with(metaFlags, num(1))

	used(idle("newer", "the companion says a later use than the last save", usual(), at(kitTime-60)), kitTime-60, kitTime-60+3600)
	idle("older", "the companion says an earlier use than the last save", usual(), at(kitSeen-1))
	idle("same", "the companion says a use at the last save", usual(), at(kitSeen))
	used(idle("future", "the companion says a use in an hour, by a server whose clock is ahead", usual(), at(kitTime+3600)), kitTime+3600, kitTime+3600)
	f := idle("absolute", "the absolute timeout holds whatever the companion says", usual(), at(kitTime-60))
	f.Absolute = 3601
	used(f, kitTime-60, kitTime+1)
	f = idle("absolute-expired", "the absolute timeout ended the session, whatever the companion says", usual(), at(kitTime-60))
	f.Absolute = 3600
	f.refuse(tokentest.Expired)
	f = idle("lifetime", "the lifetime of a session that does not slide holds whatever the companion says", usual(), at(kitTime-60))
	f.Lifetime = 601
	used(f, kitTime-60, kitTime+1)
	f = idle("lifetime-expired", "the lifetime ended the session, whatever the companion says", usual(), at(kitTime-60))
	f.Lifetime = 600
	f.refuse(tokentest.Expired)

	for _, now := range []struct {
		name, comment string
		offset        int64
	}{
		{"before", "ends in one second", -1}, {"at", "ends now", 0}, {"after", "ended a second ago", 1},
	} {
		f := idle("idle-"+now.name, "the idle timeout, from the use that the companion says, "+now.comment, usual(), at(kitTime-60))
		used(f, kitTime-60, kitTime-60+3600)
		f.Time = kitTime - 60 + 3600 + now.offset
		if now.offset >= 0 {
			f.refuse(tokentest.Idle)
		}
		f = idle("sliding-"+now.name, "the lifetime of a permanent session, which slides from the use that the companion says, "+now.comment, permanent, at(kitTime-60))
		f.Idle, f.Sliding, f.Lifetime = 0, true, 1800
		f.Flags = 1
		used(f, kitTime-60, kitTime-60+1800)
		f.Time = kitTime - 60 + 1800 + now.offset
		if now.offset >= 0 {
			f.refuse(tokentest.Expired)
		}
	}
	f = idle("sliding-browser-session", "a session that is not permanent does not slide, and its companion is not read", usual(), at(kitTime-60))
	f.Idle, f.Sliding, f.Lifetime, f.Expires = 0, true, 601, kitTime+1
	f = idle("sliding-browser-session-expired", "a session that is not permanent does not slide, and has expired", usual(), at(kitTime-60))
	f.Idle, f.Sliding, f.Lifetime = 0, true, 600
	f.refuse(tokentest.Expired)
	f = idle("sliding-and-idle", "a permanent session slides, and the idle timeout is the shorter", permanent, at(kitTime-60))
	f.Sliding, f.Lifetime, f.Flags = true, 7200, 1
	used(f, kitTime-60, kitTime-60+3600)
	f = idle("unused", "a companion where neither an idle timeout nor sliding is set is not read", usual(), at(kitTime-60))
	f.Idle, f.Lifetime, f.Expires = 0, 601, kitTime+1
	older := func(f *kitFile) string {
		f.Masters = append(f.Masters, kitKey(2))
		return seal(f, kitKey(2), seenPlain(kitID, kitTime-60))
	}
	f = idle("unused-older-key", "a companion that is not read is sealed under the second key: nothing to send anew", usual(), older)
	f.Idle, f.Expires = 0, kitSeen+f.Lifetime
	f = idle("sliding-browser-session-older-key", "the companion, not read, of a session that is not permanent is sealed under the second key", usual(), older)
	f.Idle, f.Sliding, f.Expires = 0, true, kitSeen+f.Lifetime

	// A companion that does not open is as none: the last save counts.
	ignored := func(name, comment string, companion func(f *kitFile) string) {
		idle(name, comment, usual(), companion)
		f := idle(name+"-idle", comment+"; the session was idle for too long by its last save", usual(), companion)
		f.Idle = 600
		f.refuse(tokentest.Idle)
	}
	token := func(f func(text string) string) func(*kitFile) string {
		return func(file *kitFile) string {
			name, text, _ := strings.Cut(at(kitTime-60)(file), "=")
			return name + "=" + f(text)
		}
	}
	ignored("other-id", "a companion of another session", func(f *kitFile) string {
		return seal(f, f.Masters[0], seenPlain("fedcba9876543210", kitTime-60))
	})
	ignored("forged", "the last bit of the companion is flipped", token(func(text string) string {
		raw := decoded(text)
		raw[len(raw)-1] ^= 1
		return texted(raw)
	}))
	ignored("garbage", "the companion is a word", token(func(string) string { return "garbage" }))
	ignored("empty", "the companion is empty", token(func(string) string { return "" }))
	ignored("padded", "the companion is padded", token(func(text string) string { return text + "=" }))
	ignored("unknown-key", "the companion is sealed under a key that is not in the ring", func(f *kitFile) string {
		return seal(f, kitKey(2), seenPlain(kitID, kitTime-60))
	})
	ignored("other-name", "the companion is sealed for the session's own cookie name", func(f *kitFile) string {
		return f.Cookie + "-seen=" + tokentest.Seal(f.Masters[0], f.Cookie, "seen", f.nonce(), seenPlain(kitID, kitTime-60))
	})
	ignored("purpose-session", "the companion is sealed for the purpose session", func(f *kitFile) string {
		return f.Cookie + "-seen=" + tokentest.Seal(f.Masters[0], f.Cookie+"-seen", "session", f.nonce(), seenPlain(kitID, kitTime-60))
	})
	ignored("session-as-companion", "the companion is the session's own token", func(f *kitFile) string {
		return f.Cookie + "-seen=" + f.token(usual())
	})
	plaintext := func(name, comment string, parts ...[]byte) {
		ignored(name, comment, func(f *kitFile) string { return seal(f, f.Masters[0], bytes.Join(parts, nil)) })
	}
	now := num(kitTime - 60)
	plaintext("plaintext-empty", "the companion's plaintext is empty")
	plaintext("one-element", "the companion's array has one element", unhex("91"), bin(kitID))
	plaintext("says-one-element", "the companion's array has two elements but says one", unhex("91"), bin(kitID), now)
	plaintext("map", "the companion's array is a map", unhex("81"), bin(kitID), now)
	plaintext("id-short", "the companion's id has 15 bytes", unhex("92"), bin(kitID[:15]), now)
	plaintext("id-long", "the companion's id has 17 bytes", unhex("92"), bin(kitID+"g"), now)
	plaintext("id-string", "the companion's id is a string", unhex("92"), str(kitID), now)
	plaintext("negative", "the companion's time is negative", unhex("92"), bin(kitID), unhex("ff"))
	plaintext("too-large", "the companion's time is 2^40+1", unhex("92"), bin(kitID), num(1<<40+1))
	plaintext("float", "the companion's time is a float", unhex("92"), bin(kitID), unhex("cb 41d954fc40000000"))
	plaintext("time-missing", "the companion's time is missing", unhex("92"), bin(kitID))
	plaintext("trailing", "the companion's array is followed by a byte", unhex("92"), bin(kitID), now, unhex("c0"))
	plaintext("later-element-cut-short", "the companion's array has a third element that is cut short", unhex("93"), bin(kitID), now, unhex("a5"))
	plaintext("in-another-order", "the companion's time precedes its id", unhex("92"), now, bin(kitID))

	used(idle("later-element", "the companion's array has a third element, which is not looked at", usual(), func(f *kitFile) string {
		return seal(f, f.Masters[0], bytes.Join([][]byte{unhex("93"), bin(kitID), now, str("later")}, nil))
	}), kitTime-60, kitTime-60+3600)
	used(idle("uint64", "the companion's time is a uint64, which is not the shortest form", usual(), func(f *kitFile) string {
		return seal(f, f.Masters[0], bytes.Join([][]byte{unhex("dc 0002"), bin(kitID), unhex("cf 00000000"), now[1:]}, nil))
	}), kitTime-60, kitTime-60+3600)
	f = idle("older-key", "the companion is sealed under the second key, the session under the first", usual(), func(f *kitFile) string {
		f.Masters = append(f.Masters, kitKey(2))
		return seal(f, kitKey(2), seenPlain(kitID, kitTime-60))
	})
	used(f, kitTime-60, kitTime-60+3600)
	for _, c := range []struct {
		name, comment string
		plaintext     []byte
	}{
		{"other-id", "has another id", seenPlain("fedcba9876543210", kitTime-60)},
		{"negative", "has a negative time", bytes.Join([][]byte{unhex("92"), bin(kitID), unhex("ff")}, nil)},
	} {
		idle("older-key-"+c.name, "a companion that is sealed under the second key, and "+c.comment+": nothing to send anew", usual(), func(f *kitFile) string {
			f.Masters = append(f.Masters, kitKey(2))
			return seal(f, kitKey(2), c.plaintext)
		})
	}
	f = idle("session-of-older-key", "the session is sealed under the second key, the companion under the first", usual(), at(kitTime-60))
	f.Masters = [][]byte{kitKey(1), kitKey(2)}
	f.send(f.Cookie+"="+f.tokenOf(kitKey(2), usual()), at(kitTime-60)(f))
	f.Reseal = true
	used(f, kitTime-60, kitTime-60+3600)
	f = idle("in-front", "the companion precedes the session, in a header field of its own", usual(), at(kitTime-60))
	f.send(at(kitTime-60)(f), f.cookie(usual()))
	used(f, kitTime-60, kitTime-60+3600)
	f = idle("twice", "of two companions the later one counts", usual(), at(kitTime-60))
	f.send(strings.Join([]string{f.cookie(usual()), at(kitTime - 120)(f), at(kitTime - 60)(f)}, "; "))
	used(f, kitTime-60, kitTime-60+3600)
	forged := func(f *kitFile) string {
		name, text, _ := strings.Cut(at(kitTime-60)(f), "=")
		raw := decoded(text)
		raw[len(raw)-1] ^= 1
		return name + "=" + texted(raw)
	}
	many := func(n int, name, comment string, planted func(f *kitFile) string) *kitFile {
		f := idle(name, comment, usual(), at(kitTime-60))
		cookies := []string{f.cookie(usual())}
		for range n {
			cookies = append(cookies, planted(f))
		}
		f.send(strings.Join(append(cookies, at(kitTime-60)(f)), "; "))
		return f
	}
	used(many(7, "eighth-after-forged", "the eighth companion counts, after seven that are forged", forged), kitTime-60, kitTime-60+3600)
	used(many(8, "ninth-after-forged", "the ninth companion counts, after eight that are forged", forged), kitTime-60, kitTime-60+3600)
	another := func(f *kitFile) string { return seal(f, kitKey(1), seenPlain("fedcba9876543210", kitTime-30)) }
	used(many(199, "200th-after-others", "the 200th companion counts, after those of another session", another), kitTime-60, kitTime-60+3600)
	many(200, "201st-after-others", "the 201st companion is not read, after those of another session", another)
	garbage := func(f *kitFile) string { return f.Cookie + "-seen=garbage" }
	used(many(199, "200th-after-garbage", "the 200th companion counts, after garbage", garbage), kitTime-60, kitTime-60+3600)
	many(200, "201st-after-garbage", "the 201st companion is not read, after garbage", garbage)
	long := func(f *kitFile) string { return f.Cookie + "-seen=" + strings.Repeat("A", 4097) }
	f = many(1, "after-too-long", "a companion that is too long does not count", long)
	used(f, kitTime-60, kitTime-60+3600)
	f = idle("alone", "a companion without a session", usual(), at(kitTime-60))
	f.send(at(kitTime - 60)(f))
	f.Outcome = tokentest.Outcome{}
}

// addChunks adds files about sessions that are split over several cookies.
func (k *kitMaker) addChunks() {
	long := func(n int) ([]byte, kitPlain) {
		value := str(strings.Repeat("0123456789", n/10))
		return value, usual().and(str("value"), value)
	}
	accept := func(f *kitFile, value []byte) {
		f.Fields = append(f.Fields[:2:2], tokentest.Field{Key: "value", Value: value}, f.Fields[2])
	}
	// split returns the cookies of a token, in chunks of a size; of all but the last
	// character if the size is 0.
	split := func(f *kitFile, text string, size int) []string {
		var cookies []string
		if size == 0 {
			size = len(text) - 1
		}
		for at := 0; at < len(text); at += size {
			cookies = append(cookies, fmt.Sprintf("%s-%d=%s", f.Cookie, len(cookies)+1, text[at:min(at+size, len(text))]))
		}
		cookies[0] = fmt.Sprintf("%s=%d.%s", f.Cookie, len(cookies), text[:size])
		return cookies
	}
	good := func(name, comment string, allowed, bytes, size int, arrange func(cookies []string) []string) {
		f := k.add("chunks-"+name, comment)
		f.Chunks = allowed
		value, p := long(bytes)
		accept(f, value)
		f.send(strings.Join(arrange(split(f, f.token(p), size)), "; "))
	}
	same := func(cookies []string) []string { return cookies }
	full := 4096 - len("__Host-session-2.")
	good("two", "a session of two chunks", 2, 4000, full, same)
	good("three", "a session of three chunks", 4, 8000, full, same)
	good("four", "a session of four chunks", 4, 11000, full, same)
	good("two-of-four", "a session of two chunks where four are allowed", 4, 4000, full, same)
	good("small", "a session of four chunks that would fit into one cookie", 4, 20, 64, same)
	good("one-character", "the second chunk is the last character alone", 2, 20, 0, same)
	good("in-another-order", "the chunks come in reverse", 3, 20, 64, func(cookies []string) []string {
		return []string{cookies[2], cookies[1], cookies[0]}
	})
	good("stale", "chunks of a session that was longer are left over", 4, 20, 100, func(cookies []string) []string {
		return append(cookies, "__Host-session-3=AAAA", "__Host-session-4=garbage")
	})
	good("twice", "of two cookies with a chunk's name the first continues the token", 3, 20, 64, func(cookies []string) []string {
		return append(cookies, "__Host-session-2=AAAA")
	})
	good("twice-in-front", "of two cookies with a chunk's name the second continues the token", 3, 20, 64, func(cookies []string) []string {
		return append([]string{"__Host-session-2=AAAA"}, cookies...)
	})
	good("twice-mixed", "of two cookies with each chunk's name another one continues the token", 3, 20, 64, func(cookies []string) []string {
		return append([]string{"__Host-session-2=AAAA"}, append(cookies, "__Host-session-3=garbage")...)
	})
	planted := func(n int, name, value string) []string {
		return slices.Repeat([]string{"__Host-session-" + name + "=" + value}, n)
	}
	good("sixteenth-after-garbage", "the sixteenth of the second chunks continues the token, after garbage", 2, 20, 100, func(cookies []string) []string {
		return append(planted(15, "2", "!"), cookies...)
	})
	good("sixteenth-after-forged", "the sixteenth of the second chunks continues the token, after fifteen with which it is forged", 2, 20, 100, func(cookies []string) []string {
		return append(planted(15, "2", strings.Repeat("A", 40)), cookies...)
	})
	good("fifth-of-three", "the fifth of the second and third chunks continues the token, before any mixture", 3, 20, 64, func(cookies []string) []string {
		return slices.Concat(planted(4, "2", "!"), planted(4, "3", "!"), cookies)
	})
	good("mixed-second-first", "after those of one index, the second chunk changes first", 3, 20, 64, func(cookies []string) []string {
		return slices.Concat(planted(7, "2", "!"), []string{cookies[2]}, planted(7, "3", "!"), cookies[:2])
	})
	good("after-too-long", "a second chunk that is too long does not count", 2, 20, 100, func(cookies []string) []string {
		return append(planted(1, "2", strings.Repeat("A", 4097)), cookies...)
	})
	free := k.add("chunks-of-no-key", "a first chunk that is of no key costs nothing, with however many second ones")
	free.Chunks = 2
	free.send(strings.Join(slices.Concat([]string{free.Cookie + "=2.garbage"}, planted(20, "2", "!"), []string{free.cookie(usual())}), "; "))
	free.Refused = []string{tokentest.Malformed}
	f := k.addPlain("chunks-unsplit", "a session of one cookie where four chunks are allowed, beside a stale chunk", usual())
	f.Chunks = 4
	f.Headers[0] += "; __Host-session-2=AAAA"
	f = k.add("chunks-headers", "each chunk comes in a header field of its own")
	f.Chunks = 4
	value, p := long(4000)
	accept(f, value)
	f.send(split(f, f.token(p), full)...)

	bad := func(name, comment, reason string, allowed int, arrange func(cookies []string) []string) {
		f := k.add("chunks-"+name, comment)
		f.Chunks = allowed
		text := ""
		for n := 100; len(text)%4 != 0 || text == ""; n++ { // so that no chunk ends in trailing bits
			_, p := long(0)
			text = f.token(p.and(str("pad"), str(strings.Repeat("p", n))))
		}
		f.send(strings.Join(arrange(split(f, text, (len(text)/12+1)*4)), "; "))
		f.refuse(reason)
	}
	bad("swapped", "the second and the third chunk are swapped", tokentest.Forged, 3, func(cookies []string) []string {
		two, _ := strings.CutPrefix(cookies[1], "__Host-session-2=")
		three, _ := strings.CutPrefix(cookies[2], "__Host-session-3=")
		return []string{cookies[0], "__Host-session-2=" + three, "__Host-session-3=" + two}
	})
	bad("of-another", "the second chunk comes from another token", tokentest.Forged, 3, func(cookies []string) []string {
		size := len(cookies[1]) - len("__Host-session-2=")
		return []string{cookies[0], "__Host-session-2=" + strings.Repeat("x", size), cookies[2]}
	})
	bad("seventeenth-after-garbage", "the seventeenth of the second chunks is not tried, after sixteen that are garbage", tokentest.Malformed, 3, func(cookies []string) []string {
		return slices.Concat(planted(16, "2", "!"), planted(16, "3", "!"), cookies)
	})
	bad("mixed-third-last", "after those of one index, the third chunk changes last, which is too late", tokentest.Malformed, 3, func(cookies []string) []string {
		return slices.Concat(cookies[:2], planted(15, "2", "!"), planted(1, "3", "!"), cookies[2:])
	})
	bad("missing-second", "the second of three chunks is missing", tokentest.Malformed, 3, func(cookies []string) []string {
		return []string{cookies[0], cookies[2]}
	})
	bad("missing-last", "the last of three chunks is missing", tokentest.Malformed, 3, func(cookies []string) []string { return cookies[:2] })
	bad("missing-all", "the first of three chunks comes alone", tokentest.Malformed, 3, func(cookies []string) []string { return cookies[:1] })
	bad("empty", "the second of three chunks is empty", tokentest.Malformed, 3, func(cookies []string) []string {
		return []string{cookies[0], "__Host-session-2=", cookies[2]}
	})
	bad("says-less", "the chunks are three but say to be two", tokentest.Forged, 3, func(cookies []string) []string {
		return []string{strings.Replace(cookies[0], "=3.", "=2.", 1), cookies[1], cookies[2]}
	})
	bad("says-more", "the chunks are three but say to be four", tokentest.Malformed, 4, func(cookies []string) []string {
		return []string{strings.Replace(cookies[0], "=3.", "=4.", 1), cookies[1], cookies[2]}
	})
	bad("no-mark", "the number of chunks is missing", tokentest.Forged, 3, func(cookies []string) []string {
		return []string{strings.Replace(cookies[0], "=3.", "=", 1), cookies[1], cookies[2]}
	})
	bad("mark-twice", "the number of chunks comes twice", tokentest.Malformed, 3, func(cookies []string) []string {
		return []string{strings.Replace(cookies[0], "=3.", "=3.3.", 1), cookies[1], cookies[2]}
	})
	bad("mark-on-second", "the second chunk has a number of chunks too", tokentest.Malformed, 3, func(cookies []string) []string {
		return []string{cookies[0], strings.Replace(cookies[1], "=", "=3.", 1), cookies[2]}
	})
	bad("more-than-allowed", "the chunks are three, and two are allowed", tokentest.Malformed, 2, same)
	bad("not-allowed", "the chunks are three, and none are allowed", tokentest.Malformed, 0, same)
	bad("one-allowed", "the chunks are three, and one is allowed", tokentest.Malformed, 1, same)
	for name, count := range map[string]string{
		"0": "0", "1": "1", "5": "5", "9": "9", "10": "10", "03": "03", "letter": "c", "colon": ":", "none": "", "minus": "-", "superscript": "\u00b3",
	} {
		bad("count-"+name, fmt.Sprintf("the number of chunks is %+q", count), tokentest.Malformed, 4, func(cookies []string) []string {
			return []string{strings.Replace(cookies[0], "=3.", "="+count+".", 1), cookies[1], cookies[2]}
		})
	}
	f = k.add("chunks-one", "a whole token that says to be one chunk")
	f.Chunks = 4
	f.send(f.Cookie + "=1." + f.token(usual()))
	f.refuse(tokentest.Malformed)
	f = k.add("chunks-mark-alone", "nothing but the number of chunks in the first cookie, the token in the second")
	f.Chunks = 4
	f.send(f.Cookie + "=2.; " + f.Cookie + "-2=" + f.token(usual()))
	f = k.add("chunks-second-alone", "a second chunk without the first")
	f.Chunks = 4
	f.send(f.Cookie + "-2=" + f.token(usual()))
	f.Outcome = tokentest.Outcome{}
	f = k.add("chunks-for-another-name", "a token that is sealed for the name of the second chunk's cookie")
	f.Chunks = 4
	f.send(f.Cookie + "=" + tokentest.Seal(f.Masters[0], f.Cookie+"-2", "session", f.nonce(), usual().bytes()))
	f.refuse(tokentest.Forged)
}

// addCookies adds files about the Cookie header fields of a request.
func (k *kitMaker) addCookies() {
	const name = "__Host-session"
	none := func(file, comment string, headers ...string) {
		f := k.add("cookie-"+file, comment)
		f.send(headers...)
		f.Outcome = tokentest.Outcome{}
	}
	none("none", "no Cookie header field")
	none("header-empty", "an empty Cookie header field", "")
	none("empty", "the cookie's value is empty", name+"=")
	none("empty-twice", "two cookies whose values are empty", name+"=; "+name+"=")
	none("no-equals-sign", "the cookie's name alone", name)
	none("semicolons", "nothing but semicolons", ";; ;")

	good := func(file, comment string, headers func(cookie string) []string) {
		f := k.add("cookie-"+file, comment)
		f.send(headers(f.cookie(usual()))...)
	}
	good("among-others", "cookies of other names around the session's", func(cookie string) []string {
		return []string{"a=1; " + cookie + "; b=2"}
	})
	good("second-header", "the cookie comes in a second header field", func(cookie string) []string { return []string{"a=1", cookie} })
	good("no-spaces", "no spaces after the semicolons", func(cookie string) []string { return []string{"a=1;" + cookie + ";b=2"} })
	good("more-spaces", "spaces and tabs around the cookie", func(cookie string) []string { return []string{"a=1; \t " + cookie + " \t; b=2"} })
	good("after-empty", "an empty cookie of the name in front", func(cookie string) []string { return []string{name + "=; " + cookie} })
	good("before-garbage", "another cookie of the name, which would not open, behind", func(cookie string) []string {
		return []string{cookie + "; " + name + "=garbage"}
	})
	for file, other := range map[string]string{
		"other-case": "__host-session", "longer-name": "__Host-session2", "shorter-name": "_Host-session", "space-in-name": name + " ",
	} {
		f := k.add("cookie-"+file, fmt.Sprintf("a good token under the name %q", other))
		f.send(other + "=" + f.token(usual()))
		f.Outcome = tokentest.Outcome{}
	}
	refused := func(file, comment string, change func(token string) string) {
		f := k.add("cookie-"+file, comment)
		f.send(f.Cookie + "=" + change(f.token(usual())))
		f.refuse(tokentest.Malformed)
	}
	refused("quoted", "the value is quoted", func(token string) string { return `"` + token + `"` })
	refused("comma", "a comma, which separates no cookies, and another one", func(token string) string { return token + ",a=1" })
	refused("two-equals-signs", "two equals signs", func(token string) string { return "=" + token })
	refused("quote-open", "the value begins with a quote", func(token string) string { return `"` + token })
	refused("escaped", "the value's first character is escaped", func(token string) string { return fmt.Sprintf("%%%02X", token[0]) + token[1:] })

	// Several cookies of the name. Each letter is one: a token that opens, or one that is
	// malformed, forged, of an unknown key, of the wrong purpose, expired, or whose plaintext
	// is broken. N is a token that opens and was saved a second later, A one that was authenticated,
	// and C one that was created a second later.
	reasons := map[rune]string{
		'm': tokentest.Malformed, 'f': tokentest.Forged, 'u': tokentest.UnknownKey, 'w': tokentest.WrongPurpose,
		'e': tokentest.Expired, 'b': tokentest.Malformed,
	}
	several := func(file, comment, letters string, opened int, refusals string) {
		f := k.add("several-"+file, comment)
		var cookies []string
		for i, letter := range letters {
			p := usual()
			p.fields = [][]byte{str("n"), num(uint64(i + 1))}
			if letter == 'e' {
				p = p.with(metaCreated, num(kitCreated-uint64(f.Lifetime)))
			}
			switch letter {
			case 'b':
				p.tail = unhex("c0")
			case 'N':
				p = p.with(metaSeen, num(kitSeen-kitCreated+1))
			case 'A':
				p = p.with(metaAuthenticated, num(1))
			case 'C':
				p = p.with(metaCreated, num(kitCreated+1)).with(metaSeen, num(kitSeen-kitCreated-1))
			}
			token := f.token(p)
			switch letter {
			case 's':
				_, token, _ = strings.Cut(cookies[0], "=")
			case 'm':
				token = "garbage"
			case 'f':
				raw := decoded(token)
				raw[len(raw)-1] ^= 1
				token = texted(raw)
			case 'u':
				token = f.tokenOf(kitKey(2), p)
			case 'w':
				token = tokentest.Seal(f.Masters[0], name+"-seen", "seen", f.nonce(), seenPlain(kitID, kitTime))
			}
			cookies = append(cookies, name+"="+token)
		}
		f.send(strings.Join(cookies, "; "))
		if opened == 0 {
			f.Session = nil
		} else {
			f.Fields = []tokentest.Field{{Key: "n", Value: num(uint64(opened))}}
			switch letters[opened-1] {
			case 'N':
				f.Seen, f.Used, f.Expires = f.Seen+1, f.Used+1, f.Expires+1
			case 'A':
				f.Authenticated = f.Created
			case 'C':
				f.Created++
			}
		}
		for _, letter := range refusals {
			f.Refused = append(f.Refused, reasons[letter])
		}
	}
	several("first", "two cookies that open, and are as new as one another: the first one wins", "gg", 1, "")
	several("second-after-malformed", "the second opens, after one that is malformed", "mg", 2, "m")
	several("second-after-forged", "the second opens, after one that is forged", "fg", 2, "f")
	several("second-after-unknown-key", "the second opens, after one of an unknown key", "ug", 2, "u")
	several("second-after-wrong-purpose", "the second opens, after one of the wrong purpose", "wg", 2, "w")
	several("second-after-expired", "the second opens, after one that has expired", "eg", 2, "e")
	several("second-after-broken", "the second opens, after one whose plaintext is malformed", "bg", 2, "b")
	several("third-after-malformed", "the third opens, after two that cost no decryption", "mug", 3, "mu")
	several("third-after-one-forged", "the third opens, after one that is malformed and one that is forged", "mfg", 3, "mf")
	several("third-after-two-forged", "the third opens, after two that are forged", "ffg", 3, "ff")
	several("third-after-two-expired", "the third opens, after two that have expired", "eeg", 3, "ee")
	several("third-after-two-broken", "the third opens, after two whose plaintexts are malformed", "bbg", 3, "bb")
	several("third-after-forged-and-expired", "the third opens, after one that is forged and one that has expired", "feg", 3, "fe")
	several("eighth", "the eighth opens, after seven that cost no decryption", "muwmuwmg", 8, "muwmuwm")
	several("ninth", "the ninth opens, after eight that cost no decryption", "muwmuwmug", 9, "muwmuwmu")
	several("tenth", "the tenth opens, after nine of which the first eight count as refused", "muwmuwmuwg", 10, "muwmuwmu")
	several("sixteenth-after-forged", "the sixteenth opens, after fifteen that are forged", strings.Repeat("f", 15)+"g", 16, "ffffffff")
	several("seventeenth-after-forged", "the seventeenth is not tried, after sixteen that are forged", strings.Repeat("f", 16)+"g", 0, "ffffffff")
	several("fourth-after-expired", "the fourth opens, after three that have expired", "eeeg", 4, "eee")
	several("fifth-after-expired", "the fifth is not tried, after four that have expired", "eeeeg", 0, "eeee")
	several("newest-second", "two cookies that open: the second one was saved later, and wins", "gN", 2, "")
	several("newest-first", "two cookies that open: the first one was saved later, and wins", "Ng", 1, "")
	several("newest-third", "the newest wins, after one that is older and one that is forged", "gfN", 3, "")
	several("newest-after-garbage", "what is refused after one that opens does not count as refused", "mgmNf", 4, "m")
	several("newest-fourth", "the newest of four that open wins", "gggN", 4, "")
	several("newest-fifth", "the fifth of those that open is not tried", "ggggN", 1, "")
	several("newest-after-copies", "copies of the one that opens first cost nothing", "gsssssN", 7, "")
	several("authenticated-second", "of two that were saved at once, the one that was authenticated wins", "gA", 2, "")
	several("created-second", "of two that were saved at once, the one that was created later wins", "gC", 2, "")
	several("saved-before-authenticated", "the one that was saved later wins over one that was authenticated", "AN", 2, "")

	sized := func(file, comment string, length, chunks int) {
		f := k.add("size-"+file, comment)
		f.Chunks = chunks
		for n := 3 * (length - 300) / 4; ; n++ {
			value := str(strings.Repeat("v", n))
			token := f.token(usual().and(str("value"), value))
			if size := len(f.Cookie) + len(token); size == length {
				f.Fields = append(f.Fields[:2:2], tokentest.Field{Key: "value", Value: value}, f.Fields[2])
				f.send(f.Cookie + "=" + token)
				return
			} else if size > length {
				k.t.Fatalf("no session has a cookie of %d bytes", length)
			}
		}
	}
	sized("4096", "a name and a value of 4096 bytes together", 4096, 0)
	sized("4097", "a name and a value of 4097 bytes together, which browsers drop, but which open", 4097, 2)
	sized("12000", "a name and a value of 12000 bytes together", 12000, 4)
}
