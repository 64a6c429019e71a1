package flask

import (
	"net/url"
	"time"
)

// scenario is a sequence of steps with one browser.
type scenario struct {
	title  string
	about  string
	config string // of its steps
	fresh  bool   // each step is a new browser's
	steps  []step
}

// step is one request with its results, which come from side.do and look.
type step struct {
	does    string        // what it is, if not its operations; with a colon at the end, in front of them
	ops     string        // see app.py
	wait    time.Duration // passes before it
	config  string        // if not the scenario's
	url     string        // if not http://app.example.test/
	cookies func(*jar, *url.URL)
	secret  string // looked for in the cookie

	both        string
	flask, ours string // if they differ
	noticed     string // of a Flask that notices every use, if that is another result
	differs     string // why
	events      string // that sessiongen reports
}

var script = []scenario{
	{
		title: "Reading and setting", config: "plain",
		steps: []step{
			{
				does: "no use of the session",
				both: `then {}`,
			},
			{
				ops:  `get user`,
				both: `null, Vary: Cookie, then {}`,
			},
			{
				ops: `get theme`, does: "with a default:",
				both: `"light", Vary: Cookie, then {}`,
			},
			{
				ops:     `index user`,
				flask:   `500, Vary: Cookie, then {}`,
				ours:    `"", Vary: Cookie, then {}`,
				differs: "KeyError; Get of an absent field returns its default or the zero value, and Has tells whether it is set",
			},
			{
				ops:    `set user "hubo"`,
				both:   `Vary: Cookie, sets session, then {"user":"hubo"}`,
				events: "created",
			},
			{
				ops:  `get user`,
				both: `"hubo", Vary: Cookie, then {"user":"hubo"}`,
			},
			{
				does: "no use of an existing session",
				both: `then {"user":"hubo"}`,
			},
			{
				ops: `set user "hubo"`, does: "the same value again:",
				flask:   `Vary: Cookie, sets session, then {"user":"hubo"}`,
				ours:    `Vary: Cookie, then {"user":"hubo"}`,
				differs: "sending the same values again could only overwrite a parallel request's change",
			},
			{
				ops: `set user "eve"; set user "hubo"`, does: "changed and changed back:",
				both: `Vary: Cookie, sets session, then {"user":"hubo"}`,
			},
			{
				ops:     `has user`,
				flask:   `true, then {"user":"hubo"}`,
				noticed: `true, Vary: Cookie, then {"user":"hubo"}`,
				ours:    `true, Vary: Cookie, then {"user":"hubo"}`,
				differs: "before 3.1.3, Flask did not notice this use, so a shared cache could give one visitor's page to another",
			},
			{
				ops:  `setdefault user "eve"`,
				both: `"hubo", Vary: Cookie, then {"user":"hubo"}`,
			},
			{
				ops:  `setdefault theme "dark"`,
				both: `"dark", Vary: Cookie, sets session, then {"theme":"dark","user":"hubo"}`,
			},
			{
				ops:  `pop theme`,
				both: `"dark", Vary: Cookie, sets session, then {"user":"hubo"}`,
			},
			{
				ops: `pop theme`, does: "not set:",
				flask:   `null, then {"user":"hubo"}`,
				noticed: `null, Vary: Cookie, then {"user":"hubo"}`,
				ours:    `null, Vary: Cookie, then {"user":"hubo"}`,
				differs: "as above: `pop` uses the session",
			},
			{
				ops: `pop user`, does: "the last field:",
				both: `"hubo", Vary: Cookie, deletes session, then {}`,
			},
			{
				ops:     `set user "hubo"; pop user`,
				flask:   `"hubo", Vary: Cookie, deletes session, then {}`,
				ours:    `"hubo", Vary: Cookie, then {}`,
				differs: "the browser has no cookie to delete",
			},
		},
	},
	{
		title: "Values within values", config: "plain",
		about: "`append`, `put` and `poke` change the value in place: `session['cart'].append`, `AppendCart`, `UpdatePrefs`, `GetCart()[0] =`.",
		steps: []step{
			{
				ops:    `set cart ["tea"]`,
				both:   `Vary: Cookie, sets session, then {"cart":["tea"]}`,
				events: "created",
			},
			{
				ops:     `append cart "milk"; get cart`,
				flask:   `["tea","milk"], Vary: Cookie, then {"cart":["tea"]}`,
				ours:    `["tea","milk"], Vary: Cookie, sets session, then {"cart":["tea","milk"]}`,
				differs: "Flask does not notice a change within a value; Append and Update do",
			},
			{
				ops:  `set cart ["tea"]`,
				both: `Vary: Cookie, sets session, then {"cart":["tea"]}`,
			},
			{
				ops: `append cart "milk"; modify; get cart`, does: "with `session.modified = True`:",
				both: `["tea","milk"], Vary: Cookie, sets session, then {"cart":["tea","milk"]}`,
			},
			{
				ops:     `poke cart "coffee"; get cart`,
				flask:   `["coffee","milk"], Vary: Cookie, then {"cart":["tea","milk"]}`,
				ours:    `["tea","milk"], Vary: Cookie, then {"cart":["tea","milk"]}`,
				differs: "Flask's change is visible until the request ends, and is then lost; Get returns a copy",
			},
			{
				ops:  `set prefs {"lang":"en"}`,
				both: `Vary: Cookie, sets session, then {"cart":["tea","milk"],"prefs":{"lang":"en"}}`,
			},
			{
				ops:  `put prefs {"lang":"de"}; modify`,
				both: `Vary: Cookie, sets session, then {"cart":["tea","milk"],"prefs":{"lang":"de"}}`,
			},
			{
				ops:     `put prefs {"lang":"fr"}`,
				flask:   `Vary: Cookie, then {"cart":["tea","milk"],"prefs":{"lang":"de"}}`,
				ours:    `Vary: Cookie, sets session, then {"cart":["tea","milk"],"prefs":{"lang":"fr"}}`,
				differs: "as with the slice",
			},
			{
				ops: `modify`, does: "`session.modified = True` alone",
				flask:   `Vary: Cookie, sets session, then {"cart":["tea","milk"],"prefs":{"lang":"de"}}`,
				ours:    `Vary: Cookie, then {"cart":["tea","milk"],"prefs":{"lang":"fr"}}`,
				differs: "sessiongen notices every change by itself",
			},
		},
	},
	{
		title: "Clearing", config: "plain",
		steps: []step{
			{
				ops: `clear`, does: "an empty session:",
				flask:   `Vary: Cookie, deletes session, then {}`,
				ours:    `Vary: Cookie, then {}`,
				differs: "the browser has no cookie to delete",
			},
			{
				ops:    `set user "hubo"; permanent true`,
				both:   `Vary: Cookie, sets session for 7 days, then {"permanent":true,"user":"hubo"}`,
				events: "created",
			},
			{
				ops:  `clear`,
				both: `Vary: Cookie, deletes session, then {}`,
			},
			{
				ops:    `set user "hubo"`,
				both:   `Vary: Cookie, sets session, then {"user":"hubo"}`,
				events: "created",
			},
			{
				ops:  `clear; set user "eve"`,
				both: `Vary: Cookie, sets session, then {"user":"eve"}`,
			},
			{
				ops: `destroy`, does: "`session.clear()`, `Destroy`",
				both:   `Vary: Cookie, deletes session, then {}`,
				events: "destroyed",
			},
			{
				ops: `destroy`, does: "the same again",
				flask:   `Vary: Cookie, deletes session, then {}`,
				ours:    `Vary: Cookie, then {}`,
				differs: "the browser has no cookie to delete",
			},
		},
	},
	{
		title: "Permanent sessions", config: "plain",
		steps: []step{
			{
				ops:    `set user "hubo"; permanent true; is-permanent`,
				both:   `true, Vary: Cookie, sets session for 7 days, then {"permanent":true,"user":"hubo"}`,
				events: "created",
			},
			{
				ops:  `get user`,
				both: `"hubo", Vary: Cookie, then {"permanent":true,"user":"hubo"}`,
			},
			{
				ops: `permanent true`, does: "already permanent:",
				flask:   `Vary: Cookie, sets session for 7 days, then {"permanent":true,"user":"hubo"}`,
				ours:    `Vary: Cookie, then {"permanent":true,"user":"hubo"}`,
				differs: "this changes nothing, as with values",
			},
			{
				ops:  `set theme "dark"`,
				both: `Vary: Cookie, sets session for 7 days, then {"permanent":true,"theme":"dark","user":"hubo"}`,
			},
			{
				ops:  `permanent false`,
				both: `Vary: Cookie, sets session, then {"theme":"dark","user":"hubo"}`,
			},
			{
				ops:  `permanent true`,
				both: `Vary: Cookie, sets session for 7 days, then {"permanent":true,"theme":"dark","user":"hubo"}`,
			},
			{
				ops: `pop user; pop theme`, does: "the last fields:",
				flask:   `["hubo", "dark"], Vary: Cookie, sets session for 7 days, then {"permanent":true}`,
				ours:    `["hubo", "dark"], Vary: Cookie, deletes session, then {}`,
				differs: "Flask stores the flag as a value, and keeps a session with nothing else in it",
			},
		},
	},
	{
		title: "The permanent flag alone", config: "plain",
		steps: []step{
			{
				ops:     `permanent true`,
				flask:   `Vary: Cookie, sets session for 7 days, then {"permanent":true}`,
				ours:    `Vary: Cookie, then {}`,
				differs: "as above: sessiongen does not keep a session without fields",
			},
			{
				ops:     `permanent false`,
				flask:   `Vary: Cookie, sets session, then {}`,
				ours:    `Vary: Cookie, then {}`,
				differs: "as above",
			},
		},
	},
	{
		title: "Lifetime", config: "plain",
		about: "7 days in both programs.",
		steps: []step{
			{
				ops:    `set user "hubo"; permanent true`,
				both:   `Vary: Cookie, sets session for 7 days, then {"permanent":true,"user":"hubo"}`,
				events: "created",
			},
			{
				ops: `get user`, wait: week - time.Second, does: "a second before the end:",
				both: `"hubo", Vary: Cookie, then {"permanent":true,"user":"hubo"}`,
			},
			{
				ops: `get user`, wait: time.Second, does: "7 days after:",
				flask:   `"hubo", Vary: Cookie, then {"permanent":true,"user":"hubo"}`,
				ours:    `null, Vary: Cookie, then {}`,
				differs: "the lifetime has ended, and the browser drops the cookie too",
				events:  "refused: expired",
			},
			{
				ops: `get user`, wait: time.Second, does: "a second later:",
				both:   `null, Vary: Cookie, then {}`,
				events: "refused: expired",
			},
			{
				ops:    `set user "eve"; permanent true`,
				both:   `Vary: Cookie, sets session for 7 days, then {"permanent":true,"user":"eve"}`,
				events: "refused: expired, created",
			},
			{
				ops: `set theme "dark"`, wait: 6 * day, does: "6 days later:",
				both: `Vary: Cookie, sets session for 7 days, then {"permanent":true,"theme":"dark","user":"eve"}`,
			},
			{
				ops: `get user`, wait: 6 * day, does: "6 days after that change:",
				both: `"eve", Vary: Cookie, then {"permanent":true,"theme":"dark","user":"eve"}`,
			},
			{
				ops:  `permanent false`,
				both: `Vary: Cookie, sets session, then {"theme":"dark","user":"eve"}`,
			},
			{
				ops: `get user`, wait: week + time.Second, does: "7 days and a second later, in a browser that never closed:",
				both:   `null, Vary: Cookie, then {}`,
				events: "refused: expired",
			},
		},
	},
	{
		title: "Sliding lifetime", config: "refresh",
		about: "`SESSION_REFRESH_EACH_REQUEST`, `Config.Sliding`.",
		steps: []step{
			{
				ops:     `set user "hubo"; permanent true`,
				flask:   `Vary: Cookie, sets session for 7 days, then {"permanent":true,"user":"hubo"}`,
				ours:    `Vary: Cookie, sets session for 400 days, then {"permanent":true,"user":"hubo"}`,
				differs: "the cookie session-seen limits the session, so the data need not be sent again",
				events:  "created",
			},
			{
				ops:     `get user`,
				flask:   `"hubo", Vary: Cookie, sets session for 7 days, then {"permanent":true,"user":"hubo"}`,
				ours:    `"hubo", Vary: Cookie, then {"permanent":true,"user":"hubo"}`,
				differs: "once per tenth of the lifetime is often enough",
			},
			{
				wait: day, does: "a day later, no use of the session",
				flask:   `Vary: Cookie, sets session for 7 days, then {"permanent":true,"user":"hubo"}`,
				ours:    `then {"permanent":true,"user":"hubo"}`,
				differs: "Flask sends a cookie with every response, even images, so no cache may keep them",
			},
			{
				ops:     `get user`,
				flask:   `"hubo", Vary: Cookie, sets session for 7 days, then {"permanent":true,"user":"hubo"}`,
				ours:    `"hubo", Vary: Cookie, sets session-seen for 7 days, then {"permanent":true,"user":"hubo"}`,
				differs: "only the time of the last use is sent: see the slow request below",
			},
			{
				ops: `get user`, wait: week - time.Second, does: "a second before 7 days have passed:",
				flask:   `"hubo", Vary: Cookie, sets session for 7 days, then {"permanent":true,"user":"hubo"}`,
				ours:    `"hubo", Vary: Cookie, sets session-seen for 7 days, then {"permanent":true,"user":"hubo"}`,
				differs: "as above",
			},
			{
				ops:     `permanent false`,
				flask:   `Vary: Cookie, sets session, then {"user":"hubo"}`,
				ours:    `Vary: Cookie, sets session, deletes session-seen, then {"user":"hubo"}`,
				differs: "only permanent sessions slide",
			},
			{
				ops:     `permanent true`,
				flask:   `Vary: Cookie, sets session for 7 days, then {"permanent":true,"user":"hubo"}`,
				ours:    `Vary: Cookie, sets session for 400 days, then {"permanent":true,"user":"hubo"}`,
				differs: "as above",
			},
			{
				ops: `get user`, wait: day, does: "a day later:",
				flask:   `"hubo", Vary: Cookie, sets session for 7 days, then {"permanent":true,"user":"hubo"}`,
				ours:    `"hubo", Vary: Cookie, sets session-seen for 7 days, then {"permanent":true,"user":"hubo"}`,
				differs: "as above",
			},
			{
				ops: `get user`, wait: week + time.Second, does: "7 days and a second later:",
				both:   `null, Vary: Cookie, then {}`,
				events: "refused: expired",
			},
			{
				ops: `set user "hubo"`, does: "not permanent:",
				flask:   `Vary: Cookie, sets session, then {"user":"hubo"}`,
				ours:    `Vary: Cookie, sets session, deletes session-seen, then {"user":"hubo"}`,
				differs: "the previous session's time of last use is removed with it",
				events:  "refused: expired, created",
			},
			{
				ops: `get user`, wait: 6 * day, does: "6 days later:",
				both: `"hubo", Vary: Cookie, then {"user":"hubo"}`,
			},
			{
				ops: `get user`, wait: day + time.Second, does: "a day and a second later:",
				both:   `null, Vary: Cookie, then {}`,
				events: "refused: expired",
			},
		},
	},
	{
		title: "Absolute timeout", config: "absolute",
		about: "As above, with `Config.AbsoluteTimeout` of 10 days; Flask has no such setting.",
		steps: []step{
			{
				ops:     `set user "hubo"; permanent true`,
				flask:   `Vary: Cookie, sets session for 7 days, then {"permanent":true,"user":"hubo"}`,
				ours:    `Vary: Cookie, sets session for 10 days, then {"permanent":true,"user":"hubo"}`,
				differs: "the cookie lasts as long as the session may",
				events:  "created",
			},
			{
				ops: `get user`, wait: 6 * day, does: "6 days later:",
				flask:   `"hubo", Vary: Cookie, sets session for 7 days, then {"permanent":true,"user":"hubo"}`,
				ours:    `"hubo", Vary: Cookie, sets session-seen for 4 days, then {"permanent":true,"user":"hubo"}`,
				differs: "as above",
			},
			{
				ops: `get user`, wait: 4 * day, does: "10 days after the first:",
				flask:   `"hubo", Vary: Cookie, sets session for 7 days, then {"permanent":true,"user":"hubo"}`,
				ours:    `null, Vary: Cookie, then {}`,
				differs: "Flask's session lives as long as anybody uses it",
				events:  "refused: expired",
			},
		},
	},
	{
		title: "A slow request that only reads", config: "refresh",
		steps: []step{
			{
				ops:     `set cart ["tea"]; permanent true`,
				flask:   `Vary: Cookie, sets session for 7 days, then {"cart":["tea"],"permanent":true}`,
				ours:    `Vary: Cookie, sets session for 400 days, then {"cart":["tea"],"permanent":true}`,
				differs: "as with the sliding lifetime: the cookie session-seen limits the session",
				events:  "created",
			},
			{
				ops: `set cart ["tea","milk"]`, wait: day, cookies: keep, does: "a change, while a slower request is under way:",
				flask:   `Vary: Cookie, sets session for 7 days, then {"cart":["tea","milk"],"permanent":true}`,
				ours:    `Vary: Cookie, sets session for 400 days, then {"cart":["tea","milk"],"permanent":true}`,
				differs: "as above",
			},
			{
				ops: `get cart`, cookies: kept, does: "the slower request's response arrives:",
				flask:   `["tea"], Vary: Cookie, sets session for 7 days, then {"cart":["tea"],"permanent":true}`,
				ours:    `["tea"], Vary: Cookie, sets session-seen for 7 days, then {"cart":["tea","milk"],"permanent":true}`,
				differs: "Flask sends the slower request's session back, and milk is lost",
			},
			{
				ops: `clear`, does: "log out:",
				flask:   `Vary: Cookie, deletes session, then {}`,
				ours:    `Vary: Cookie, deletes session, deletes session-seen, then {}`,
				differs: "the second cookie is deleted too",
			},
		},
	},
	{
		title: "Two changes at once", config: "plain",
		steps: []step{
			{
				ops:    `set user "hubo"`,
				both:   `Vary: Cookie, sets session, then {"user":"hubo"}`,
				events: "created",
			},
			{
				ops: `set theme "dark"`, cookies: keep, does: "a change, while a slower request is under way:",
				both: `Vary: Cookie, sets session, then {"theme":"dark","user":"hubo"}`,
			},
			{
				ops: `set cart ["tea"]`, cookies: kept, does: "the slower request changes something else:",
				both: `Vary: Cookie, sets session, then {"cart":["tea"],"user":"hubo"}`,
			},
		},
	},
	{
		title: "Invalid cookies", config: "plain",
		steps: []step{
			{
				ops: `get user`, cookies: garbage, does: "garbage:",
				both:   `null, Vary: Cookie, then {}`,
				events: "refused: malformed",
			},
			{
				ops:    `set user "hubo"`,
				both:   `Vary: Cookie, sets session, then {"user":"hubo"}`,
				events: "refused: malformed, created",
			},
			{
				ops: `get user`, cookies: tampered, does: "one character changed:",
				both:   `null, Vary: Cookie, then {}`,
				events: "refused: forged",
			},
			{
				ops:    `set user "hubo"`,
				both:   `Vary: Cookie, sets session, then {"user":"hubo"}`,
				events: "refused: forged, created",
			},
			{
				ops: `get user`, cookies: halved, does: "only the first half:",
				both:   `null, Vary: Cookie, then {}`,
				events: "refused: malformed",
			},
			{
				ops: `get user`, cookies: empty, does: "an empty value:",
				both: `null, Vary: Cookie, then {}`,
			},
			{
				ops: `clear`, cookies: garbage, does: "garbage:",
				both:   `Vary: Cookie, deletes session, then {}`,
				events: "refused: malformed",
			},
			{
				ops: `destroy`, cookies: garbage, does: "garbage, `session.clear()`, `Destroy`",
				both:   `Vary: Cookie, deletes session, then {}`,
				events: "refused: malformed",
			},
			{
				ops:    `set user "hubo"`,
				both:   `Vary: Cookie, sets session, then {"user":"hubo"}`,
				events: "created",
			},
			{
				ops: `get user`, cookies: alsoAfter, does: "a second cookie of that name, after it:",
				both: `"hubo", Vary: Cookie, then {"user":"hubo"}`,
			},
			{
				ops: `get user`, cookies: alsoBefore, does: "a second cookie of that name, before it:",
				flask:   `null, Vary: Cookie, then {"user":"hubo"}`,
				ours:    `"hubo", Vary: Cookie, then {"user":"hubo"}`,
				differs: "sessiongen tries all of them, within bounds, and uses the newest that opens: a cookie planted for a longer path does not log the visitor out (see cookies.md)",
				events:  "refused: malformed",
			},
			{
				ops: `clear`, cookies: keep,
				both: `Vary: Cookie, deletes session, then {}`,
			},
			{
				ops: `get user`, cookies: kept, does: "an old cookie sent again after the log-out:",
				both: `"hubo", Vary: Cookie, then {}`,
			},
		},
	},
	{
		title: "A new key", config: "rotated",
		about: "`SECRET_KEY_FALLBACKS`, or several `Config.Keys`. Flask has this since 3.1; the test adds it to older versions.",
		steps: []step{
			{
				ops: `set user "hubo"`, config: "plain", does: "under the old key:",
				both:   `Vary: Cookie, sets session, then {"user":"hubo"}`,
				events: "created",
			},
			{
				does: "new key, old one kept: no use of the session",
				both: `then {"user":"hubo"}`,
			},
			{
				ops: `get user`, does: "new key, old one kept:",
				flask:   `"hubo", Vary: Cookie, then {"user":"hubo"}`,
				ours:    `"hubo", Vary: Cookie, sets session, then {"user":"hubo"}`,
				differs: "sessiongen sends the session again under the new key, so that the old key can be removed",
				events:  "resealed",
			},
			{
				ops: `get user`, does: "new key, old one kept, again:",
				both: `"hubo", Vary: Cookie, then {"user":"hubo"}`,
			},
			{
				ops: `get user`, config: "two", does: "only the new key:",
				flask:   `null, Vary: Cookie, then {}`,
				ours:    `"hubo", Vary: Cookie, then {"user":"hubo"}`,
				differs: "as above: once the old key is removed, Flask logs out visitors who only read",
			},
			{
				ops:  `set user "eve"`,
				both: `Vary: Cookie, sets session, then {"user":"eve"}`,
			},
			{
				ops: `get user`, config: "two", does: "only the new key, after a change:",
				both: `"eve", Vary: Cookie, then {"user":"eve"}`,
			},
			{
				ops: `get user`, config: "plain", does: "only the old key:",
				both:   `null, Vary: Cookie, then {}`,
				events: "refused: unknown key",
			},
		},
	},
	{
		title: "Attributes", fresh: true,
		about: "Each request comes from a new browser.",
		steps: []step{
			{
				ops: `set user "hubo"`, config: "defaults", url: "https://app.example.test/", does: "no settings:",
				flask:   `Vary: Cookie, sets session (Path=/; HttpOnly), then {"user":"hubo"}`,
				ours:    `Vary: Cookie, sets __Host-session (Path=/; Secure; HttpOnly; SameSite=Lax), then {"user":"hubo"}`,
				differs: "safe by default",
				events:  "created",
			},
			{
				ops: `set user "hubo"; permanent true`, config: "defaults", url: "https://app.example.test/", does: "no settings:",
				flask:   `Vary: Cookie, sets session for 31 days (Path=/; HttpOnly), then {"permanent":true,"user":"hubo"}`,
				ours:    `Vary: Cookie, sets __Host-session for 31 days (Path=/; Secure; HttpOnly; SameSite=Lax), then {"permanent":true,"user":"hubo"}`,
				differs: "as above; both default to 31 days",
				events:  "created",
			},
			{
				ops: `set user "hubo"`, config: "unset", does: "SameSite unset:",
				flask:   `Vary: Cookie, sets session (Path=/; HttpOnly), then {"user":"hubo"}`,
				ours:    `Vary: Cookie, sets session, then {"user":"hubo"}`,
				differs: "browsers disagree on the meaning of an absent SameSite",
				events:  "created",
			},
			{
				ops: `set user "hubo"`, config: "strict", does: "SameSite=Strict:",
				both:   `Vary: Cookie, sets session (Path=/; HttpOnly; SameSite=Strict), then {"user":"hubo"}`,
				events: "created",
			},
			{
				ops: `set user "hubo"`, config: "none", url: "https://app.example.test/", does: "SameSite=None and Secure:",
				both:   `Vary: Cookie, sets session (Path=/; Secure; HttpOnly; SameSite=None), then {"user":"hubo"}`,
				events: "created",
			},
			{
				ops: `set user "hubo"`, config: "none insecure", does: "SameSite=None without Secure:",
				flask:   `Vary: Cookie, sets session (Path=/; HttpOnly; SameSite=None), then {"user":"hubo"}`,
				ours:    `the constructor refuses: session: Config.SameSite=None needs a secure cookie: browsers refuse it with Insecure`,
				differs: "browsers refuse such a cookie",
			},
			{
				ops: `set user "hubo"`, config: "secure", url: "https://app.example.test/", does: "Secure:",
				both:   `Vary: Cookie, sets session (Path=/; Secure; HttpOnly; SameSite=Lax), then {"user":"hubo"}`,
				events: "created",
			},
			{
				ops: `set user "hubo"`, config: "secure", does: "Secure, over http:",
				both:   `Vary: Cookie, sets session (Path=/; Secure; HttpOnly; SameSite=Lax), then {}`,
				events: "created",
			},
			{
				ops: `set user "hubo"`, config: "partitioned", url: "https://app.example.test/", does: "Partitioned, since Flask 3.1:",
				both:   `Vary: Cookie, sets session (Path=/; Secure; HttpOnly; SameSite=Lax; Partitioned), then {"user":"hubo"}`,
				events: "created",
			},
			{
				ops: `set user "hubo"`, config: "readable", does: "HttpOnly off:",
				flask:   `Vary: Cookie, sets session (Path=/; SameSite=Lax), then {"user":"hubo"}`,
				ours:    `Vary: Cookie, sets session, then {"user":"hubo"}`,
				differs: "sessiongen has no such setting: scripts have no use for an encrypted cookie",
				events:  "created",
			},
			{
				ops: `set user "hubo"`, config: "named", does: "another name:",
				both:   `Vary: Cookie, sets sid, then {"user":"hubo"}`,
				events: "created",
			},
			{
				ops: `set user "hubo"`, config: "prefixed", url: "https://app.example.test/", does: "a name with `__Host-`, and a domain:",
				flask:   `Vary: Cookie, sets __Host-session (Path=/; Domain=example.test; HttpOnly; SameSite=Lax), then {"user":"hubo"}`,
				ours:    `the constructor refuses: session: Config.Domain cannot be used with a Name that begins with __Host-: set Name, for example to __Secure-session`,
				differs: "browsers refuse such a cookie",
			},
		},
	},
	{
		title: "Domain and path", config: "domain",
		steps: []step{
			{
				ops:    `set user "hubo"`,
				both:   `Vary: Cookie, sets session (Path=/; Domain=example.test; HttpOnly; SameSite=Lax), then {"user":"hubo"}`,
				events: "created",
			},
			{
				ops: `get user`, url: "http://other.example.test/", does: "another host of the domain:",
				both: `"hubo", Vary: Cookie, then {"user":"hubo"}`,
			},
			{
				ops:  `clear`,
				both: `Vary: Cookie, deletes session (Path=/; Domain=example.test; HttpOnly; SameSite=Lax), then {}`,
			},
			{
				ops: `set user "hubo"`, config: "path", url: "http://app.example.test/app/", does: "Path=/app:",
				both:   `Vary: Cookie, sets session (Path=/app; HttpOnly; SameSite=Lax), then {"user":"hubo"}`,
				events: "created",
			},
			{
				ops: `get user`, config: "path", url: "http://app.example.test/app/more", does: "within the path:",
				both: `"hubo", Vary: Cookie, then {"user":"hubo"}`,
			},
			{
				ops: `get user`, config: "path", does: "outside the path:",
				both: `null, Vary: Cookie, then {}`,
			},
			{
				ops: `clear`, config: "path", url: "http://app.example.test/app/",
				both: `Vary: Cookie, deletes session (Path=/app; HttpOnly; SameSite=Lax), then {}`,
			},
		},
	},
	{
		title: "The rest of the response", config: "plain",
		steps: []step{
			{
				ops:  `header Vary "Accept-Encoding"`,
				both: `Vary: Accept-Encoding, then {}`,
			},
			{
				ops:    `header Vary "Accept-Encoding"; set user "hubo"`,
				both:   `Vary: Accept-Encoding, Cookie, sets session, then {"user":"hubo"}`,
				events: "created",
			},
			{
				ops:  `header Vary "cookie, Accept-Encoding"; get user`,
				both: `"hubo", Vary: cookie, Accept-Encoding, then {"user":"hubo"}`,
			},
			{
				ops:     `header Vary "*"; get user`,
				flask:   `"hubo", Vary: *, Cookie, then {"user":"hubo"}`,
				ours:    `"hubo", Vary: *, then {"user":"hubo"}`,
				differs: "`*` covers all header fields",
			},
			{
				ops:  `header Cache-Control "public, max-age=60"; get user`,
				both: `"hubo", Vary: Cookie, Cache-Control: public, max-age=60, then {"user":"hubo"}`,
			},
			{
				ops:     `header Cache-Control "public, max-age=60"; set theme "dark"`,
				flask:   `Vary: Cookie, sets session, Cache-Control: public, max-age=60, then {"theme":"dark","user":"hubo"}`,
				ours:    `Vary: Cookie, sets session, Cache-Control: private, max-age=60, then {"theme":"dark","user":"hubo"}`,
				differs: "a shared cache must not give one visitor's cookie to another",
			},
			{
				ops:  `header Cache-Control "no-store"; set theme "light"`,
				both: `Vary: Cookie, sets session, Cache-Control: no-store, then {"theme":"light","user":"hubo"}`,
			},
			{
				ops:  `set theme "dark"; status 404`,
				both: `404, Vary: Cookie, sets session, then {"theme":"dark","user":"hubo"}`,
			},
			{
				ops:  `set theme "light"; status 500`,
				both: `500, Vary: Cookie, sets session, then {"theme":"light","user":"hubo"}`,
			},
			{
				ops: `set theme "dark"; raise`, does: "a handler that fails after the change:",
				both: `500, Vary: Cookie, sets session, then {"theme":"dark","user":"hubo"}`,
			},
			{
				ops: `cookie own "1"; set theme "light"`, does: "another cookie that the handler sets:",
				both: `Vary: Cookie, sets own, sets session, then {"theme":"light","user":"hubo"}`,
			},
			{
				ops: `cookie session "1"; set theme "dark"`, does: "a cookie that the handler sets with the session's name:",
				flask:   `Vary: Cookie, sets session (Path=/), sets session, then {"theme":"dark","user":"hubo"}`,
				ours:    `Vary: Cookie, sets session, then {"theme":"dark","user":"hubo"}`,
				differs: "a response may set only one cookie of a name (RFC 6265 section 4.1.1)",
			},
			{
				ops: `get theme; late theme "light"`, does: "a change after the body has begun:",
				both:   `"dark", Vary: Cookie, then {"theme":"dark","user":"hubo"}`,
				events: "too late",
			},
		},
	},
	{
		title: "Size", config: "plain",
		about: "RANDOM is 5000 random letters, and REPEATED is one letter 5000 times.",
		steps: []step{
			{
				ops:     `set user "hubo"; set theme RANDOM`,
				flask:   `Vary: Cookie, sets session too large for browsers, then {}`,
				ours:    `500, Vary: Cookie, then {}`,
				differs: "Flask warns in its log, and the change is lost; with sessiongen, saving fails",
				events:  "too large, save failed",
			},
			{
				ops:    `set user "hubo"`,
				both:   `Vary: Cookie, sets session, then {"user":"hubo"}`,
				events: "created",
			},
			{
				ops: `set theme RANDOM`, does: "with an existing session:",
				flask:   `Vary: Cookie, sets session too large for browsers, then {"user":"hubo"}`,
				ours:    `500, Vary: Cookie, then {"user":"hubo"}`,
				differs: "as above",
				events:  "too large, save failed",
			},
			{
				ops: `set theme RANDOM`, config: "chunks", does: "with `MaxChunks`:",
				flask:   `Vary: Cookie, sets session too large for browsers, then {"user":"hubo"}`,
				ours:    `Vary: Cookie, sets session, sets session-2, then {"theme":RANDOM,"user":"hubo"}`,
				differs: "sessiongen splits the session over several cookies if the program allows it",
			},
			{
				ops: `clear`, config: "chunks",
				flask:   `Vary: Cookie, deletes session, then {}`,
				ours:    `Vary: Cookie, deletes session, deletes session-2, then {}`,
				differs: "sessiongen deletes all cookies of the session",
			},
			{
				ops:    `set user "hubo"`,
				both:   `Vary: Cookie, sets session, then {"user":"hubo"}`,
				events: "created",
			},
			{
				ops:     `set theme REPEATED`,
				flask:   `Vary: Cookie, sets session, then {"theme":REPEATED,"user":"hubo"}`,
				ours:    `500, Vary: Cookie, then {"user":"hubo"}`,
				differs: "sessiongen does not compress: next to text that an attacker chooses, the length would reveal the rest of the session",
				events:  "too large, save failed",
			},
		},
	},
	{
		title: "What the cookie shows", config: "plain",
		steps: []step{
			{
				ops: `set user "hubo"`, secret: "hubo",
				flask:   `Vary: Cookie, sets session, the cookie shows hubo, then {"user":"hubo"}`,
				ours:    `Vary: Cookie, sets session, the cookie hides hubo, then {"user":"hubo"}`,
				differs: "Flask signs, sessiongen encrypts",
				events:  "created",
			},
		},
	},
	{
		title: "Flags", config: "plain",
		steps: []step{
			{
				ops:     `new`,
				flask:   `false, then {}`,
				noticed: `false, Vary: Cookie, then {}`,
				ours:    `true, Vary: Cookie, then {}`,
				differs: "Flask cannot tell",
			},
			{
				ops:    `set user "hubo"; modified`,
				both:   `true, Vary: Cookie, sets session, then {"user":"hubo"}`,
				events: "created",
			},
			{
				ops:  `get user; new`,
				both: `["hubo", false], Vary: Cookie, then {"user":"hubo"}`,
			},
			{
				ops:  `get user; modified`,
				both: `["hubo", false], Vary: Cookie, then {"user":"hubo"}`,
			},
			{
				ops: `set user "hubo"; modified`, does: "the same value again:",
				flask:   `true, Vary: Cookie, sets session, then {"user":"hubo"}`,
				ours:    `false, Vary: Cookie, then {"user":"hubo"}`,
				differs: "this changes nothing",
			},
			{
				ops:     `get user; accessed`,
				flask:   `["hubo", true], Vary: Cookie, then {"user":"hubo"}`,
				ours:    `["hubo", null], Vary: Cookie, then {"user":"hubo"}`,
				differs: "sessiongen has no such flag",
			},
		},
	},
	{
		title: "Secret keys", fresh: true,
		steps: []step{
			{
				ops: `set user "hubo"`, config: "no key", does: "no key:",
				flask:   `500, then {}`,
				ours:    `the constructor refuses: session: no keys: set Config.Keys with ParseKeys, or with EphemeralKeys for a first run`,
				differs: "sessiongen reports this at the start, not at the first change",
			},
			{
				ops: `set user "hubo"`, config: "weak key", does: "the key `dev`:",
				flask:   `Vary: Cookie, sets session, then {"user":"hubo"}`,
				ours:    `the constructor refuses: session: key 1 of 1 is not base64: sessiongen key prints a good one`,
				differs: "a short key can be guessed from any cookie",
			},
		},
	},
}

const preface = `# Coming from Flask

This page shows what to expect when a program moves from Flask's ` + "`" + `session` + "`" + ` to sessiongen: the calls side by
side, and then request by request.

| Flask | sessiongen, with a field ` + "`" + `User` + "`" + ` of the key ` + "`" + `user` + "`" + ` |
|---|---|
| ` + "`" + `session['user'] = 'hubo'` + "`" + ` | ` + "`" + `sess.SetUser("hubo")` + "`" + ` |
| ` + "`" + `session['user']` + "`" + `, ` + "`" + `session.get('user')` + "`" + ` | ` + "`" + `sess.GetUser()` + "`" + `; the zero value or the ` + "`" + `default=` + "`" + ` if it is not set |
| ` + "`" + `'user' in session` + "`" + ` | ` + "`" + `sess.HasUser()` + "`" + ` |
| ` + "`" + `session.pop('user', None)` + "`" + ` | ` + "`" + `user, ok := sess.PopUser()` + "`" + ` |
| ` + "`" + `session['cart'].append(x); session.modified = True` + "`" + ` | ` + "`" + `sess.AppendCart(x)` + "`" + ` |
| ` + "`" + `session.clear()` + "`" + ` | ` + "`" + `sess.Clear()` + "`" + `; ` + "`" + `sess.Destroy()` + "`" + ` to log out |
| ` + "`" + `session.permanent = True` + "`" + ` | ` + "`" + `sess.SetPermanent(true)` + "`" + ` |
| ` + "`" + `PERMANENT_SESSION_LIFETIME` + "`" + ` | ` + "`" + `Config.Lifetime` + "`" + `; 31 days in both |
| ` + "`" + `SESSION_REFRESH_EACH_REQUEST` + "`" + ` | ` + "`" + `Config.Sliding` + "`" + `; off by default |
| ` + "`" + `SECRET_KEY` + "`" + `, ` + "`" + `SECRET_KEY_FALLBACKS` + "`" + ` | ` + "`" + `Config.Keys` + "`" + `, a ring; see [keys.md](keys.md) |
| ` + "`" + `flash()` + "`" + `, ` + "`" + `get_flashed_messages()` + "`" + ` | [flash messages](recipes.md#flash-messages) |
| Flask-Session, for sessions on the server | ` + "`" + `Config.Store` + "`" + `; see [stores.md](stores.md) |

Flask signs the cookie, so that its holder can read it. sessiongen encrypts it.

## How to read the tables

The test in ` + "`" + `integration/flask` + "`" + ` sends these requests to a real Flask, versions 2.2 to 3.1, and to
sessiongen. It writes this page, and compares both with it. Of %d requests, %d have the same
result, and %d differ on purpose.

Unless a row says otherwise, both cookies are named session, with ` + "`" + `Path=/; HttpOnly; SameSite=Lax` + "`" + `
and a lifetime of 7 days. Other attributes are shown. Of the operations, ` + "`" + `index user` + "`" + ` is
` + "`" + `session['user']` + "`" + `, ` + "`" + `has` + "`" + ` is ` + "`" + `in` + "`" + `, and ` + "`" + `modify` + "`" + ` sets the flag that Flask needs for some changes.
A result lists the status unless it is 200, what the operations return, the header fields and,
after "then", what the next request finds in the session. Two differences occur in every step;
the test checks them, but the tables leave them out:

- Flask gives a lifetime as Expires. sessiongen also gives it as Max-Age, which is right even if the
  browser's clock is wrong.
- A response of sessiongen that sets or deletes a cookie has ` + "`" + `Cache-Control: private` + "`" + `.
  Flask leaves caching to the program.

"Event" lists the events that ` + "`" + `Config.OnEvent` + "`" + ` receives.
`
