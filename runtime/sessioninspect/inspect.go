// Package sessioninspect shows an operator what is in a session's cookie. It is the command
// sessiongen inspect without its flags. Programs have no use for it, and it may change with the
// command.
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

// Options are what Inspect needs apart from the cookies.
type Options struct {
	Keys string // in the form of runtime.ParseKeys
	Name string // of the session's cookie; "" to find it in the input

	// As in runtime.Config, 0 for none. A Lifetime of 0 means 31 days, and MaxChunks of 0 means 4.
	Lifetime, IdleTimeout, AbsoluteTimeout time.Duration
	DeviceBound                            time.Duration
	Sliding                                bool
	MaxChunks                              int
	Now                                    time.Time

	// Values shows the values of fields. With Schema, it shows those that are in the schema and not
	// secret.
	Values bool
	Schema []SchemaField // nil if it is unknown
}

// A SchemaField is a field of the program's schema.
type SchemaField struct {
	Name   string // the Go field's name
	Key    string
	Was    []string // older keys
	Secret bool
}

// A Report is the result of Inspect.
type Report struct {
	// Cookies are the session's cookies in their order, with chunks joined, and then the companions,
	// the badges, and the cookies of flows.
	Cookies []Cookie `json:"cookies"`
}

// A Cookie describes one cookie. ID is empty if the token does not open, for a flow, and for a badge
// that names no session.
type Cookie struct {
	Name          string  `json:"cookie"`
	Kind          string  `json:"kind,omitempty"` // session, companion, badge, store id or flow
	Key           *Key    `json:"key,omitempty"`
	Refused       string  `json:"refused,omitempty"` // the Reason of the runtime's event
	Why           string  `json:"why,omitempty"`     // the same as a sentence
	Current       bool    `json:"current,omitempty"` // a program uses this session for these cookies
	ID            string  `json:"id,omitempty"`
	Created       *Time   `json:"created,omitempty"` // for a flow: when it began
	Saved         *Time   `json:"saved,omitempty"`
	Authenticated *Time   `json:"authenticated,omitempty"`
	LastUsed      *Time   `json:"last_used,omitempty"` // if a companion says so
	Expires       *Time   `json:"expires,omitempty"`
	ExpiresBy     string  `json:"expires_by,omitempty"`  // the field of runtime.Config
	WrongTimes    bool    `json:"wrong_times,omitempty"` // some times were more than an hour ahead, and were replaced by the current one
	DeviceBound   bool    `json:"device_bound,omitempty"`
	Binding       string  `json:"binding,omitempty"`    // for a badge: offered, proven or ended
	BindingAt     *Time   `json:"binding_at,omitempty"` // when that happened
	Permanent     bool    `json:"permanent,omitempty"`
	Flags         uint64  `json:"flags,omitempty"` // the whole number
	Fields        []Field `json:"fields,omitempty"`
}

// A Time prints as RFC 3339 in UTC, whatever its year.
type Time struct{ time.Time }

// MarshalJSON returns String in quotes. That of time.Time fails after the year 9999.
func (t Time) MarshalJSON() ([]byte, error) { return []byte(`"` + t.String() + `"`), nil }

func (t Time) String() string { return t.UTC().Format(time.RFC3339) }

// A Key is the key that a token names: its id, and its number among the given keys, from 1, or 0 if
// it is none of them.
type Key struct {
	ID     string `json:"id"`
	Number int    `json:"number,omitempty"`
	Of     int    `json:"of"`
}

// A Field is a field in the session.
type Field struct {
	Key      string `json:"key"`
	Name     string `json:"field,omitempty"` // the Go field's name
	Bytes    int    `json:"bytes"`           // encoded size of key and value
	Type     string `json:"type"`            // the msgpack type
	Expires  *Time  `json:"expires,omitempty"`
	Redacted string `json:"redacted,omitempty"` // why Value is missing
	Value    any    `json:"value,omitempty"`    // in a form for package json

	raw []byte
}

// errNothing is returned if the input has no cookie of a session.
var errNothing = errors.New("no cookie of a session in the input: want a token, or the line of a Cookie or Set-Cookie header field")

// Inspect opens the cookies in lines. Each line is a Cookie or Set-Cookie header field, with or
// without its name. Or there is one line, which is a token. Inspect accepts what a program with
// these options accepts. The error concerns the keys, or says that there is no cookie of a session.
// It contains neither keys nor cookies. The report contains no keys, and values only if they are
// asked for.
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

// inspectBare tries a token under the usual names, as a session, a companion, a badge and a flow.
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

// parseKeys returns the bytes of the keys, which a runtime.Keys does not reveal.
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
