package schema

import (
	"bytes"
	"encoding/json"
	"go/token"

	"github.com/sessiongen/sessiongen/internal/code"
)

// jsonFinding is a finding in the form that staticcheck uses; docs/errors.md describes it.
type jsonFinding struct {
	Code     code.Code     `json:"code"`
	Severity code.Severity `json:"severity"`
	Location *jsonLocation `json:"location,omitempty"` // nil if the finding has no place
	Message  string        `json:"message"`
	Hint     string        `json:"hint,omitempty"`
	Related  []jsonRelated `json:"related,omitempty"`
}

type jsonRelated struct {
	Location *jsonLocation `json:"location"`
}

type jsonLocation struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

// JSON returns the findings as sessiongen -json prints them, one object a line.
func (fs Findings) JSON() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for _, f := range fs {
		line := jsonFinding{f.Code, f.Code.Severity(), location(f.Pos), f.Message, f.Hint, nil}
		for _, pos := range f.Related {
			line.Related = append(line.Related, jsonRelated{location(pos)})
		}
		e.Encode(line) // strings and numbers in memory: this cannot fail
	}
	return b.Bytes()
}

func location(pos token.Position) *jsonLocation {
	if pos.Filename == "" {
		return nil
	}
	return &jsonLocation{pos.Filename, pos.Line, pos.Column}
}
