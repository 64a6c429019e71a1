package schema

import "strings"

// msgpackTag is a msgpack struct tag as v5 understands it. Its parser (tagparser v2) is imitated exactly, quirks
// included, because it decides the names on the wire.
type msgpackTag struct {
	name    string
	options map[string]string
}

func (t *msgpackTag) has(option string) bool {
	_, ok := t.options[option]
	return ok
}

func parseMsgpackTag(s string) msgpackTag {
	p := tagParser{rest: s, tag: msgpackTag{options: map[string]string{}}}
	for p.rest != "" {
		p.item()
	}
	return p.tag
}

type tagParser struct {
	rest    string
	tag     msgpackTag
	hasName bool
}

func (p *tagParser) read() byte {
	if p.rest == "" {
		return 0
	}
	c := p.rest[0]
	p.rest = p.rest[1:]
	return c
}

func (p *tagParser) skip(s string) bool {
	rest, found := strings.CutPrefix(p.rest, s)
	p.rest = rest
	return found
}

// set notes an option. The very first is the name, unless it is key:value.
func (p *tagParser) set(key, value string) {
	key, value = strings.TrimSpace(key), strings.TrimSpace(value)
	first := !p.hasName
	p.hasName = true
	switch {
	case first && key == "":
		p.tag.name = value
	case key == "":
		p.tag.options[value] = ""
	default:
		p.tag.options[key] = value
	}
}

// item reads up to the next comma.
func (p *tagParser) item() {
	var b []byte
	for p.rest != "" {
		switch c := p.read(); c {
		case ',':
			p.skip(" ")
			p.set("", string(b))
			return
		case ':':
			p.value(string(b))
			return
		case '\'':
			p.quoted("") // text before the quote is dropped
			return
		default:
			b = append(b, c)
		}
	}
	if len(b) > 0 {
		p.set("", string(b))
	}
}

func (p *tagParser) value(key string) {
	if p.skip("'") {
		p.quoted(key)
		return
	}
	var b []byte
	for p.rest != "" {
		switch c := p.read(); c {
		case '\\':
			b = append(b, p.read())
		case '(':
			b = p.brackets(append(b, c))
		case ',':
			p.skip(" ")
			p.set(key, string(b))
			return
		default:
			b = append(b, c)
		}
	}
	p.set(key, string(b))
}

func (p *tagParser) brackets(b []byte) []byte {
	for level := 0; p.rest != "" && level >= 0; {
		c := p.read()
		switch c {
		case '\\':
			c = p.read()
		case '(':
			level++
		case ')':
			level--
		}
		b = append(b, c)
	}
	return b
}

func (p *tagParser) quoted(key string) {
	var b []byte
	for p.rest != "" {
		part, rest, found := strings.Cut(p.rest, "'")
		p.rest = rest
		if found && strings.HasSuffix(part, `\`) {
			b = append(append(b, part[:len(part)-1]...), '\'')
			continue
		}
		b = append(b, part...)
		break
	}
	p.set(key, string(b))
	if p.skip(",") {
		p.skip(" ")
	}
}

// via lists the values of the options via=.
func (t *msgpackTag) via() []string {
	var list []string
	for option, value := range t.options {
		if name, ok := strings.CutPrefix(option, "via="); ok {
			list = append(list, name)
		} else if option == "via" {
			list = append(list, value)
		}
	}
	return list
}
