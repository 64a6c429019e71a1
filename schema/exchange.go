package schema

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Directives with -type and -output may come to name each other's files. The first run then finds a file in its place
// that the second run still needs, and leaves its own, which is no longer needed. So the two files change places, and
// the second run finds its file elsewhere with everything that it lists.

// A Move is a generated file that makes room for another and keeps its content.
type Move struct {
	From, To string // absolute
	Source   []byte
	Why      string
}

// exchange moves the file in the place of u's if a directive says that its schemas belong elsewhere.
func (l *loader) exchange(u *unit) {
	i := slices.IndexFunc(u.dir.written, func(w *written) bool { return w.Path == u.target() })
	if i < 0 || u.tests {
		return
	}
	w := u.dir.written[i]
	if w.broken || w.excluded || len(w.schemas) == 0 ||
		slices.ContainsFunc(w.schemas, func(name string) bool { return !u.belongsElsewhere(name) }) {
		return
	}
	// The old file of this run is free if it only has schemas of this run.
	free := func(o *written) bool {
		return o.why != "" && !o.broken && o.constraint == w.constraint && kindOf(o.Path) == kindOf(w.Path) &&
			!slices.ContainsFunc(o.schemas, func(name string) bool { return !slices.Contains(u.schemas, name) })
	}
	if j := slices.IndexFunc(u.dir.written, free); j >= 0 {
		o := u.dir.written[j]
		u.pkg.Moved = &Move{w.Path, o.Path, w.Source, "its " + areOrIs(w.schemas) + " to be generated into another file, by a directive"}
		o.why, w.Stays = "", true
	}
}

// belongsElsewhere reports whether a schema exists, is none of this run's, and a directive generates it into another
// file than u's.
func (u *unit) belongsElsewhere(schema string) bool {
	declared := func(f *file) bool { return slices.Contains(taggedStructs(f.syntax), schema) }
	if slices.Contains(u.schemas, schema) || !slices.ContainsFunc(u.own, declared) {
		return false
	}
	output := u.dir.directed(schema)
	return output != "" && output != filepath.Base(u.target())
}

var directive = regexp.MustCompile(`(?m)^//go:generate\s.*\bsessiongen\b(.*)$`)

// directed is the file that a go:generate directive with -type and -output generates a schema into, "" if there is
// none.
func (d *directory) directed(schema string) string {
	for _, f := range d.hand() {
		for _, m := range directive.FindAllSubmatch(f.src, -1) {
			args := strings.Fields(string(m[1]))
			for choice := range strings.SplitSeq(flagIn(args, "type"), ",") {
				if name, _, _ := strings.Cut(choice, "="); name == schema {
					return flagIn(args, "output")
				}
			}
		}
	}
	return ""
}

// flagIn is the value of a flag among arguments.
func flagIn(args []string, name string) string {
	for i, arg := range args {
		flag, value, given := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		switch {
		case flag != name || !strings.HasPrefix(arg, "-"):
		case given:
			return value
		case i+1 < len(args):
			return args[i+1]
		}
	}
	return ""
}
