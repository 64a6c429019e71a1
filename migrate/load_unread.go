package migrate

import (
	"errors"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/sessiongen/sessiongen/internal/golist"
)

// errUnread ends the list of files that are not understood. What they do to sessions would be passed over.
var errUnread = errors.New("the program is migrated once all of its files can be read")

// unreadable notes the files of the program that the go command does not understand. A file that can be read, and does not
// mention a library, has nothing to do with sessions.
func (p *program) unreadable(list []*golist.Package) {
	for _, l := range list {
		if !own(l) {
			continue
		}
		for _, name := range l.InvalidGoFiles {
			src, err := os.ReadFile(name)
			if err == nil && !mentionsLibrary(string(src)) {
				continue
			}
			if err == nil {
				p.file(name) // notes where it does not parse
			} else {
				p.misread(name, err)
			}
		}
	}
}

// misread notes why a file is not understood.
func (p *program) misread(name string, err error) {
	if p.unread == nil {
		p.unread = map[string]error{}
	}
	if p.unread[name] == nil {
		p.unread[name] = err
	}
}

func mentionsLibrary(src string) bool {
	return slices.ContainsFunc(libraries, func(l *library) bool { return strings.Contains(src, l.path) })
}

// unreadErrors are the reasons for all files, in order.
func (p *program) unreadErrors() (errs []error) {
	for _, name := range slices.Sorted(maps.Keys(p.unread)) {
		errs = append(errs, p.unread[name])
	}
	return errs
}
