package tokentest

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A File is one of testdata/tokens, whose format README.md there describes.
type File struct {
	Comment string
	Settings
	Outcome
	Headers []string
}

// String returns the text of the file.
func (f *File) String() string {
	var b strings.Builder
	line := func(key string, value any) { fmt.Fprintf(&b, "%s: %v\n", key, value) }
	line("comment", f.Comment)
	for _, master := range f.Masters {
		line("key", base64.RawURLEncoding.EncodeToString(master))
	}
	line("cookie", f.Cookie)
	line("lifetime", f.Lifetime)
	if f.Idle != 0 {
		line("idle", f.Idle)
	}
	if f.Absolute != 0 {
		line("absolute", f.Absolute)
	}
	if f.Sliding {
		line("sliding", "yes")
	}
	if f.Chunks != 0 {
		line("chunks", f.Chunks)
	}
	if f.Was != nil {
		line("was", strings.Join(f.Was, " "))
	}
	line("time", f.Time)
	if f.Flow != nil {
		line("flow", f.Flow)
	}
	b.WriteString(f.Outcome.String())
	inHex := false
	for _, header := range f.Headers {
		inHex = inHex || !printable(header)
	}
	if inHex {
		line("input", "hex")
	}
	b.WriteByte('\n')
	for _, header := range f.Headers {
		if inHex {
			header = hex.EncodeToString([]byte(header))
		}
		b.WriteString(header + "\n")
	}
	return b.String()
}

func printable(s string) bool {
	for _, c := range []byte(s) {
		if (c < ' ' || c > '~') && c != '\t' {
			return false
		}
	}
	return true
}

// String returns the lines that say what is expected.
func (o *Outcome) String() string {
	var b strings.Builder
	line := func(key string, value any) { fmt.Fprintf(&b, "%s: %v\n", key, value) }
	switch {
	case o.Session != nil:
		line("expect", "accepted")
	case o.Value != nil:
		line("expect", "taken")
		line("value", hex.EncodeToString(o.Value))
	case o.Refused != nil:
		line("expect", "refused")
	default:
		line("expect", "none")
	}
	for _, reason := range o.Refused {
		line("refused", reason)
	}
	s := o.Session
	if s == nil {
		return b.String()
	}
	line("id", hex.EncodeToString(s.ID[:]))
	line("created", s.Created)
	line("seen", s.Seen)
	if s.Used != s.Seen {
		line("used", s.Used)
	}
	line("expires", s.Expires)
	if s.Authenticated != 0 {
		line("authenticated", s.Authenticated)
	}
	if s.Flags != 0 {
		line("flags", s.Flags)
	}
	if s.Later != nil {
		line("later", hex.EncodeToString(s.Later))
	}
	if s.Reseal {
		line("reseal", "yes")
	}
	for _, f := range s.Fields {
		text := strconv.QuoteToASCII(f.Key) + " " + hex.EncodeToString(f.Value)
		if f.Until != 0 {
			text += " " + strconv.FormatInt(f.Until, 10)
		}
		line("field", text)
	}
	return b.String()
}

// ParseFile reads the text of a file. It takes no other than String returns.
func ParseFile(data string) (*File, error) {
	data = strings.ReplaceAll(data, "\r\n", "\n") // what Git may make of it
	f := new(File)
	head, input, ok := strings.Cut(data, "\n\n")
	if !ok {
		return nil, errors.New("no empty line after the header")
	}
	p := &parser{file: f}
	for line := range strings.SplitSeq(head, "\n") {
		key, value, _ := strings.Cut(line, ": ")
		if err := p.line(key, value); err != nil {
			return nil, fmt.Errorf("%q: %w", line, err)
		}
	}
	for line := range strings.Lines(input) {
		header := strings.TrimSuffix(line, "\n")
		if p.hex {
			header = string(p.bytes(header))
		}
		f.Headers = append(f.Headers, header)
	}
	if p.err != nil {
		return nil, p.err
	}
	if f.String() != data {
		return nil, errors.New("not in the usual form")
	}
	return f, nil
}

type parser struct {
	file *File
	hex  bool
	err  error
}

func (p *parser) line(key, value string) error {
	f := p.file
	if key == "expect" {
		if value == "accepted" {
			f.Session = new(Session)
		}
		return nil
	}
	switch key {
	case "comment":
		f.Comment = value
	case "key":
		master, err := base64.RawURLEncoding.DecodeString(value)
		f.Masters = append(f.Masters, master)
		return err
	case "cookie":
		f.Cookie = value
	case "lifetime":
		f.Lifetime = p.number(value)
	case "idle":
		f.Idle = p.number(value)
	case "absolute":
		f.Absolute = p.number(value)
	case "sliding":
		f.Sliding = value == "yes"
	case "chunks":
		f.Chunks = int(p.number(value))
	case "was":
		f.Was = strings.Split(value, " ")
	case "time":
		f.Time = p.number(value)
	case "flow":
		f.Flow = parseFlowState(value)
	case "value":
		f.Value = p.bytes(value)
	case "refused":
		f.Refused = append(f.Refused, value)
	case "input":
		p.hex = value == "hex"
	default:
		if f.Session == nil {
			return errors.New("unknown key")
		}
		return p.session(f.Session, key, value)
	}
	return p.err
}

func (p *parser) session(s *Session, key, value string) error {
	switch key {
	case "id":
		copy(s.ID[:], p.bytes(value))
	case "created":
		s.Created = p.number(value)
	case "seen":
		s.Seen = p.number(value)
		s.Used = s.Seen
	case "used":
		s.Used = p.number(value)
	case "expires":
		s.Expires = p.number(value)
	case "authenticated":
		s.Authenticated = p.number(value)
	case "flags":
		flags, err := strconv.ParseUint(value, 10, 64)
		s.Flags = flags
		return err
	case "later":
		s.Later = p.bytes(value)
	case "reseal":
		s.Reseal = value == "yes"
	case "field":
		return p.field(s, value)
	default:
		return errors.New("unknown key")
	}
	return p.err
}

func (p *parser) field(s *Session, value string) error {
	quoted, err := strconv.QuotedPrefix(value)
	if err != nil {
		return err
	}
	var f Field
	if f.Key, err = strconv.Unquote(quoted); err != nil {
		return err
	}
	raw, until, timed := strings.Cut(strings.TrimPrefix(value[len(quoted):], " "), " ")
	f.Value = p.bytes(raw)
	if timed {
		f.Until = p.number(until)
	}
	s.Fields = append(s.Fields, f)
	return p.err
}

func (p *parser) number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		p.err = err
	}
	return n
}

func (p *parser) bytes(text string) []byte {
	b, err := hex.DecodeString(text)
	if err != nil {
		p.err = err
	}
	return b
}
