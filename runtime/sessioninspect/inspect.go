// Package sessioninspect tells an operator what is in a session's cookie. It is the command sessiongen
// inspect without its flags; programs have no use for it, and it may change with the command.
package sessioninspect

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/internal/cookie"
)

// Options are what the cookies alone do not tell.
type Options struct {
	Keys string // as runtime.ParseKeys takes them
	Name string // of the session's cookie; "" to go by what there is

	// Those of runtime.Config, 0 for none; but a Lifetime of 0 is 31 days, and MaxChunks of 0 is 4.
	Lifetime, IdleTimeout, AbsoluteTimeout time.Duration
	DeviceBound                            time.Duration
	Sliding                                bool
	MaxChunks                              int
	Now                                    time.Time

	// Values shows the values of fields: with Schema, those that it has and that are not secret.
	Values bool
	Schema []SchemaField // nil if it is not known
}

// A SchemaField is a field of the program's schema.
type SchemaField struct {
	Name   string // of the Go field
	Key    string
	Was    []string // older keys
	Secret bool
}

// A Report is what Inspect finds.
type Report struct {
	// Cookies are the session's cookies in their order, a split one as one, then the companions, the
	// badges, and those of flows.
	Cookies []Cookie `json:"cookies"`
}

// A Cookie is what one says. ID is empty if its token does not open, for a flow, and for a badge that names no session.
type Cookie struct {
	Name          string  `json:"cookie"`
	Kind          string  `json:"kind,omitempty"` // session, companion, badge, store id or flow
	Key           *Key    `json:"key,omitempty"`
	Refused       string  `json:"refused,omitempty"` // the reason of the runtime's event
	Why           string  `json:"why,omitempty"`     // the same in a sentence
	Current       bool    `json:"current,omitempty"` // the session of a request with these cookies
	ID            string  `json:"id,omitempty"`
	Created       *Time   `json:"created,omitempty"` // of a flow: when it was begun
	Saved         *Time   `json:"saved,omitempty"`
	Authenticated *Time   `json:"authenticated,omitempty"`
	LastUsed      *Time   `json:"last_used,omitempty"` // if a companion tells
	Expires       *Time   `json:"expires,omitempty"`
	ExpiresBy     string  `json:"expires_by,omitempty"`  // the field of runtime.Config
	WrongTimes    bool    `json:"wrong_times,omitempty"` // some lay more than an hour ahead, and now is in their place
	DeviceBound   bool    `json:"device_bound,omitempty"`
	Binding       string  `json:"binding,omitempty"`    // of a badge: offered, proven or ended
	BindingAt     *Time   `json:"binding_at,omitempty"` // when that was
	Permanent     bool    `json:"permanent,omitempty"`
	Flags         uint64  `json:"flags,omitempty"` // all of them
	Fields        []Field `json:"fields,omitempty"`
}

// A Time prints as RFC 3339 in UTC, whatever its year.
type Time struct{ time.Time }

// MarshalJSON returns that text, in quotes: that of time.Time fails past the year 9999.
func (t Time) MarshalJSON() ([]byte, error) { return []byte(`"` + t.String() + `"`), nil }

func (t Time) String() string { return t.UTC().Format(time.RFC3339) }

// A Key is the key that a token names: its id, and which of the keys given it is, 0 if none.
type Key struct {
	ID     string `json:"id"`
	Number int    `json:"number,omitempty"`
	Of     int    `json:"of"`
}

// A Field is one that a session has.
type Field struct {
	Key      string `json:"key"`
	Name     string `json:"field,omitempty"` // of the Go field
	Bytes    int    `json:"bytes"`           // of key and value, encoded
	Type     string `json:"type"`            // of msgpack
	Expires  *Time  `json:"expires,omitempty"`
	Redacted string `json:"redacted,omitempty"` // why there is no value
	Value    any    `json:"value,omitempty"`    // a form of it that package json takes

	raw []byte
}

// errNothing is the error for an input in which there is no session's cookie.
var errNothing = errors.New("no cookie of a session in the input: want a token, or the line of a Cookie or Set-Cookie header field")

// Inspect opens the cookies in lines, each of which is a Cookie or Set-Cookie header field, with or without
// its name, or there is one line that is a token alone. It decides as a program does with these
// options. The error is about the keys, or says that there is no cookie of a session; it shows nothing of
// either. Neither does the report show a key, or a value that is not asked for.
func Inspect(lines []string, o Options) (*Report, error) {
	masters, err := parseKeys(o.Keys)
	if err != nil {
		return nil, err
	}
	o = o.withDefaults()
	headers := trimLines(lines)
	if text, ok := bareToken(headers, o.Name); ok {
		return inspectBare(text, masters, o)
	}
	if o.Name == "" {
		if o.Name, err = chooseName(headers, masters); err != nil {
			return nil, err
		}
	}
	return inspect(headers, masters, o)
}

func inspect(headers []string, masters [][]byte, o Options) (*Report, error) {
	i, err := newInspector(masters, o)
	if err != nil {
		return nil, err
	}
	cookies := i.search(headers)
	if len(cookies) == 0 {
		return nil, errNothing
	}
	return &Report{cookies}, nil
}

// inspectBare tries a token under the names that its cookie may have had, as a companion's, as a badge and as a flow's.
func inspectBare(text string, masters [][]byte, o Options) (first *Report, err error) {
	names := usualNames
	if o.Name != "" {
		names = []string{o.Name}
	}
	for _, name := range names {
		o.Name = name
		r, err := inspect([]string{name + "=" + text, name + "-seen=" + text, name + "-bound=" + text, name + cookie.FlowMark + "=" + text}, masters, o)
		if err != nil {
			return nil, err
		}
		if r.Opens() {
			r.Cookies = slices.DeleteFunc(r.Cookies, func(c Cookie) bool { return !c.opens() })
			return r, nil
		}
		r.Cookies = r.Cookies[:1]
		if first == nil {
			first = r
		}
	}
	if c := &first.Cookies[0]; c.Refused == runtime.RefusedForged {
		c.Why += "; tried as the cookie " + strings.Join(names, ", and as ") + ": -name names another"
	}
	return first, nil
}

// Opens reports whether one of the tokens opens.
func (r *Report) Opens() bool {
	return slices.ContainsFunc(r.Cookies, Cookie.opens)
}

func (c Cookie) opens() bool { return c.ID != "" || c.Binding != "" || len(c.Fields) > 0 }

// parseKeys is runtime.ParseKeys, which tells nobody what the keys are.
func parseKeys(text string) (masters [][]byte, err error) {
	if _, err := runtime.ParseKeys(text); err != nil {
		return nil, err
	}
	url := strings.NewReplacer("+", "-", "/", "_")
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || unicode.IsSpace(r) }) {
		master, err := base64.RawURLEncoding.DecodeString(url.Replace(strings.TrimRight(word, "=")))
		if err != nil {
			return nil, fmt.Errorf("session: key %d is not base64", len(masters)+1)
		}
		masters = append(masters, master)
	}
	return masters, nil
}

func (o Options) withDefaults() Options {
	if o.Lifetime == 0 {
		o.Lifetime = 31 * 24 * time.Hour
	}
	if o.MaxChunks == 0 {
		o.MaxChunks = 4
	}
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	return o
}
