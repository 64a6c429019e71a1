package schema

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sessiongen/sessiongen/internal/code"
)

// A place is where a schema is, judging by a directory's files alone.
type place struct {
	declared bool     // in a hand-written file of any build
	tagged   bool     // as a schema
	now      string   // the file that this run generates its code into, "" if there is none
	others   []string // files with its code that other runs write
}

// settle decides about each generated file in a directory: it is replaced, stays, or is obsolete. The findings are
// reasons why it cannot be decided.
func (l *loader) settle(d *directory, units []*unit) Findings {
	var findings Findings
	for _, w := range d.written {
		if slices.ContainsFunc(units, func(u *unit) bool { return len(u.schemas) > 0 && u.target() == w.Path }) {
			continue
		}
		places := map[string]place{}
		for _, schema := range w.schemas {
			places[schema] = l.placeOf(d, units, w, schema)
		}
		found := l.untagged(d, w, places)
		why := l.obsolete(w, places)
		if unread := l.unread(d); len(unread) > 0 && (why != "" || len(found) > 0) {
			why, found = "", unread
		}
		w.why, w.Stays = why, why == ""
		findings = append(findings, found...)
	}
	return findings
}

// placeOf looks for a schema that w was generated for.
func (l *loader) placeOf(d *directory, units []*unit, w *written, schema string) place {
	var p place
	for _, f := range d.hand() {
		if f.syntax == nil || !d.inScope(f, w) {
			continue
		}
		for _, spec := range typeSpecs(f.syntax) {
			if spec.Name.Name == schema {
				p.declared = true
				p.tagged = p.tagged || isSchema(spec)
			}
		}
	}
	for _, u := range units {
		if slices.Contains(u.schemas, schema) && u.outside == isOutside(w.clause()) {
			p.now = filepath.Base(u.target())
		}
	}
	for _, other := range d.written {
		if other != w && isOutside(other.clause()) == isOutside(w.clause()) &&
			l.another(other) && slices.Contains(other.schemas, schema) {
			p.others = append(p.others, filepath.Base(other.Path))
		}
	}
	return p
}

// inScope reports whether w could have been generated for the declarations in f. The package clause of w has an old
// name if the package was renamed since; and if it is the name of neither the package nor its tests, it may be
// misspelt.
func (d *directory) inScope(f *file, w *written) bool {
	switch {
	case f.clause() == d.name:
		return !isOutside(w.clause())
	case f.clause() == d.name+"_test" && isTest(f.path):
		return isOutside(w.clause())
	}
	return true
}

// obsolete says why w is no longer needed, "" if it is.
func (l *loader) obsolete(w *written, places map[string]place) string {
	switch {
	case len(w.schemas) > 0:
	case w.excluded, w.broken, len(l.only) > 0: // nothing tells what it was for
		return ""
	default:
		return "no schema is generated into it"
	}
	var gone, moved, files []string
	for _, schema := range w.schemas {
		p := places[schema]
		now := p.now
		if now == "" && len(p.others) > 0 {
			now = p.others[0]
		}
		switch {
		case !p.declared:
			gone = append(gone, schema)
		case l.another(w), now == "":
			return ""
		default:
			moved, files = append(moved, schema), appendNew(files, now)
		}
	}
	switch {
	case len(moved) == 0:
		return fmt.Sprintf("its %s gone", areOrIs(gone))
	case len(gone) == 0:
		return fmt.Sprintf("its %s generated into %s now", areOrIs(moved), enumerate(files))
	}
	return fmt.Sprintf("its %s generated into %s now, and its %s gone", areOrIs(moved), enumerate(files), areOrIs(gone))
}

// areOrIs is the subject and verb of a sentence about schemas.
func areOrIs(schemas []string) string {
	if len(schemas) == 1 {
		return "schema " + schemas[0] + " is"
	}
	return "schemas " + enumerate(schemas) + " are"
}

func enumerate(names []string) string {
	if len(names) < 3 {
		return strings.Join(names, " and ")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// unread lists the errors of a directory's hand-written files that could not be read completely: there may be schemas
// in them.
func (l *loader) unread(d *directory) Findings {
	var found Findings
	for _, f := range d.hand() {
		found = append(found, l.syntaxErrors(f)...)
	}
	return found
}

// untagged reports types that w was generated for and that have lost their tags, perhaps by a misspelling: nothing
// says that they are no schemas any more.
func (l *loader) untagged(d *directory, w *written, places map[string]place) Findings {
	var found Findings
	if l.another(w) || w.broken {
		return nil
	}
	for _, f := range d.hand() {
		if f.syntax == nil || !d.inScope(f, w) {
			continue
		}
		for _, spec := range typeSpecs(f.syntax) {
			if p := places[spec.Name.Name]; p.declared && !p.tagged && p.now == "" && l.chosen(spec.Name.Name) {
				found = append(found, NewFinding(code.UntaggedSchema, l.position(spec.Name.Pos()),
					"tag its fields, as in `session:\"user_id\"`; or, if it is no schema any more, remove "+filepath.Base(w.Path),
					"%s was a schema, for which %s was generated, but no field of it has a session tag", spec.Name.Name, filepath.Base(w.Path)))
			}
		}
	}
	return found
}
