package sessiondebug

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/portrait"
)

// A view is the data for the template.
type view struct {
	portrait.Session
	CSS       template.CSS
	Header    string
	Fields    []field
	Bar       []segment
	BarMax    int
	Used      int // percent of the limit
	Doubts    []string
	Ends      string
	Times     []moment
	Rows      []row // the user's sessions
	More      int   // how many further sessions there are
	OthersErr string
	Flows     []flow
}

type flow struct {
	portrait.Flow
	StartedText, EndsText string
}

type row struct {
	portrait.Other
	CreatedText, UsedText, ExpiresText string
}

type field struct {
	portrait.Field
	Text    string // the value
	Options []string
	Ends    string
}

// A segment is a part of the bar of bytes.
type segment struct {
	Name        string
	Bytes       int
	From, Width int // in units of the bar
	Class       string
}

type moment struct {
	Name, Exact, Ago string
}

// barWidth is the width of the bar in its units.
const barWidth = 1000

func newView(s portrait.Session, r *http.Request) view {
	now := s.Now
	v := view{Session: s, CSS: template.CSS(css), Header: s.Cookie.Name + "; " + s.Cookie.Attributes, Doubts: doubts(s, r)}
	for _, f := range s.Fields {
		v.Fields = append(v.Fields, newField(f, now))
	}
	v.BarMax = max(s.Limit, s.Size)
	v.Bar = bar(s, v.BarMax)
	v.Used = percent(s.Size, s.Limit)
	for _, m := range []struct {
		name string
		at   time.Time
	}{{"Created", s.Created}, {"Authenticated", s.Authenticated}, {"Device proved", s.Proven}, {"Last used", s.Used}, {"Expires", s.Expires}} {
		if !m.at.IsZero() {
			v.Times = append(v.Times, moment{m.name, stamp(m.at), distance(m.at, now)})
		} else if m.name == "Authenticated" && s.ID != "" {
			v.Times = append(v.Times, moment{m.name, "never", ""})
		}
	}
	if s.EndedBy != "" {
		v.Ends = ends(s)
	}
	for _, f := range s.Flows {
		v.Flows = append(v.Flows, flow{f, distance(f.Started, now), distance(f.Ends, now)})
	}
	for _, o := range s.Others {
		v.Rows = append(v.Rows, row{o, distance(o.Created, now), distance(o.Used, now), distance(o.Expires, now)})
	}
	v.More = s.OthersAll - len(s.Others)
	if s.OthersErr != nil {
		v.OthersErr = s.OthersErr.Error()
	}
	return v
}

// ends says what ends the session.
func ends(s portrait.Session) string {
	text := "Config." + s.EndedBy + " ends it then."
	if !s.Permanent {
		text += " It is not permanent, so closing the browser ends it earlier."
	}
	return text
}

func newField(f portrait.Field, now time.Time) field {
	v := field{Field: f, Text: text(f)}
	v.Type = usual.Replace(v.Type)
	if f.Principal {
		v.Options = append(v.Options, "principal")
	}
	if f.Secret {
		v.Options = append(v.Options, "secret")
	}
	if !f.Expires.IsZero() {
		v.Ends = distance(f.Expires, now)
	}
	return v
}

// usual replaces names of package reflect by the usual ones.
var usual = strings.NewReplacer("[]uint8", "[]byte", "interface {}", "any")

// maxText is how much of a value is shown, in bytes.
const maxText = 2000

// text returns a field's value as JSON, or in another form if it has none.
func text(f portrait.Field) (text string) {
	switch {
	case !f.Set:
		return ""
	case f.Secret:
		return "redacted"
	case f.Err != nil:
		return "does not decode: " + f.Err.Error()
	}
	defer func() {
		if recover() != nil { // the type's own marshaler panicked
			text = "cannot be shown"
		}
	}()
	if d, ok := f.Value.(time.Duration); ok {
		return d.String()
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // the template escapes
	if e.Encode(f.Value) != nil {
		b.Reset()
		fmt.Fprintf(&b, "%+v", f.Value)
	}
	text = string(bytes.TrimSpace(b.Bytes()))
	if len(text) > maxText {
		text = string(bytes.ToValidUTF8([]byte(text[:maxText]), nil)) + " …"
	}
	return text
}

// bar divides the bytes that a session may have among its fields, its overhead, and free space. In a
// sealed session, three bytes of a field become four by base64url, and sealing adds some bytes.
func bar(s portrait.Session, most int) (segments []segment) {
	var fields int
	for _, f := range s.Fields {
		fields += f.Bytes
	}
	fields += s.Unknown
	if s.Size == 0 || fields == 0 || most == 0 {
		return nil
	}
	scale := min(4.0/3, float64(s.Size)/float64(fields))
	at := 0
	add := func(name string, bytes int, class string) {
		if bytes <= 0 {
			return
		}
		width := max(1, bytes*barWidth/most)
		segments = append(segments, segment{name, bytes, at, width, class})
		at += width
	}
	used, n := 0, 0
	for _, f := range s.Fields {
		if f.Bytes > 0 {
			bytes := int(float64(f.Bytes)*scale + 0.5)
			add(f.Name, bytes, fmt.Sprintf("c%d", n%6))
			used, n = used+bytes, n+1
		}
	}
	if s.Unknown > 0 {
		bytes := int(float64(s.Unknown)*scale + 0.5)
		add("fields of another version", bytes, "rest")
		used += bytes
	}
	add("name, seal and times", s.Size-used, "rest")
	return segments
}

func percent(n, of int) int {
	if of == 0 {
		return 0
	}
	return (100*n + of - 1) / of
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 MST") }

// distance says how long ago a time is, or how far ahead.
func distance(t, now time.Time) string {
	d := t.Sub(now)
	if d > -time.Second && d < time.Second {
		return "now"
	}
	if d < 0 {
		return rough(-d) + " ago"
	}
	return "in " + rough(d)
}

// rough returns a duration in its largest unit.
func rough(d time.Duration) string {
	for _, u := range []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		if n := (d + u.size/2) / u.size; n >= 1 && (d >= u.size || u.size == time.Second) {
			if n == 1 {
				return "1 " + u.name
			}
			return fmt.Sprintf("%d %ss", n, u.name)
		}
	}
	return "less than a second"
}
