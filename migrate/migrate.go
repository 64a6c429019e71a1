// Package migrate turns a program that keeps strings in the sessions of another library into one that uses accessors.
//
// It reads the program (load.go), follows values through it (flow*.go), finds the places that do something to a session
// (site.go), and infers the type of each key's value (infer.go). Each place is rewritten by a rule (rewrite.go and the
// files that it names), or is in the report with the reason. The new program, with the generated accessors, is
// type-checked before anything is written (verify.go). Changes that fail are taken back and reported.
//
// Everything particular to a library is in the tables of library.go.
package migrate

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sessiongen/sessiongen/internal/golist"
)

// Config says what to migrate.
type Config struct {
	Dir      string            // an absolute path
	Patterns []string          // of packages, as the go command takes them
	Tags     string            // build tags, separated by commas
	Tests    bool              // also rewrite tests
	Package  string            // the import path of the package for the schemas, "" for one that migrate chooses
	NoBridge bool              // leave functions that take a key, or a session's name, as a parameter to the user
	Legacy   time.Time         // until when the sessions of visitors live on; zero if they end with the change
	Schemas  map[string]string // type names to generate, by the names of sessions

	only    string // the import path of the one program to migrate, "" for all
	overlay map[string][]byte
	known   *known                                             // nil unless runs share packages
	closure func(patterns []string) ([]*golist.Package, error) // nil for the go command's answer
}

// A Result describes a run.
type Result struct {
	Keys      []Key
	Rewritten []Site   // uses of keys, and other sites that the rules know
	Left      []Left   // what the user has to do by hand
	Notes     []string // what behaves differently afterwards, each with its position
	Files     []File   // to be written

	dir string // Config.Dir
}

// Run migrates a program. It writes nothing; Result.Write does. After a Write that was killed, Run returns that run
// again, regardless of cfg.
func Run(cfg Config) (*Result, error) {
	if res, err := interrupted(cfg.Dir); res != nil || err != nil {
		return res, err
	}
	p, err := load(cfg)
	if errors.Is(err, errMigrated) {
		return migrated(cfg, p), nil
	}
	if err != nil {
		return nil, err
	}
	r := newRewriter(find(p))
	r.until, r.byHand, r.wanted = cfg.Legacy, cfg.NoBridge, cfg.Package
	if cfg.only == "" {
		if programs := r.apart(); programs != nil {
			if res, err := runApart(cfg, programs); res != nil || err != nil {
				return res, err
			}
		}
	}
	r.leaveUnbuilt()
	res := &Result{Keys: r.keys(), dir: cfg.Dir}
	r.dropUnusable()
	if len(r.targets) == 0 || p.checked[runtimePath] == nil {
		return res.leave(r, noRuntime), nil
	}
	if r.home, err = r.choose(); err != nil {
		return nil, err
	}
	r.nameTargets(cfg.Schemas)
	d := newDraft(r)
	if err := d.run(); err != nil {
		return nil, err
	}
	if name := r.home.inTheWay(); d.rewritesKeys() && name != "" {
		why := refusal{relative(p.dir, name) + " exists already", "add a field to the schema there, or remove the files that an earlier run left"}
		r = newRewriter(find(p))
		r.leaveUnbuilt()
		return res.leave(r, why), nil
	}
	err = res.take(d)
	if len(res.Files) > 0 && len(p.joined) > 0 {
		res.Notes = append(res.Notes, "also migrated, as they belong to the same program: "+strings.Join(p.joined, ", "))
	}
	return res, err
}

// migrated is the result for a program that no longer uses a session library.
func migrated(cfg Config, p *program) *Result {
	r := newRewriter(find(p))
	r.leaveBroken()
	r.leaveUnbuilt()
	note := errMigrated.Error() + ": the compiler reports what is left to do by hand"
	if cfg.only != "" {
		note = cfg.only + ": " + note
	}
	return &Result{Notes: []string{note}, Left: r.sorted(), dir: cfg.Dir}
}

// run plans the changes and keeps those that type-check.
func (d *draft) run() error {
	if err := d.generate(); err != nil {
		return err
	}
	if len(d.r.targets) == 0 {
		d.r.home = nil
		d.r.leaveAll(noRuntime)
		d.r.leaveRest()
		return nil
	}
	d.r.make()
	name, src, err := d.r.bridgeFile()
	if err != nil {
		return err
	}
	if name != "" {
		d.extra[name] = src
	}
	d.settle()
	if d.rewritesKeys() {
		d.wire()
		d.leaveAssertions()
		d.simplify()
	} else {
		d.r.targets, d.r.home = nil, nil // they are not written
		d.r.leaveRest()
	}
	return nil
}

// rewritesKeys reports whether a use of a key is rewritten. If none is, nothing is.
func (d *draft) rewritesKeys() bool {
	return slices.ContainsFunc(d.r.changes, func(c *change) bool { return c.site != nil && c.site.verb.keyed() && !d.lost[c] })
}

// take records the outcome of each change.
func (res *Result) take(d *draft) (err error) {
	r := d.r
	for _, c := range r.changes {
		if c.bridged != nil && d.lostSite(c.bridged) {
			r.leave(c.at, c.site.what(), refusal{"it is a call of a function whose parameter is the key", "call the accessor of the key"})
			continue
		}
		if c.with != nil && d.lostSite(c.with) {
			r.leave(c.at, c.site.what(), otherLeft)
			continue
		}
		if d.lost[c] {
			continue
		}
		if c.site != nil {
			res.Rewritten = append(res.Rewritten, r.p.site(c.site, r.keyNames(c.site)))
		}
		if c.note != "" {
			res.Notes = append(res.Notes, r.p.position(c.at)+": "+c.note)
		}
	}
	for _, c := range d.late {
		if c.note != "" && !d.lost[c] {
			res.Notes = append(res.Notes, c.note)
		}
	}
	res.Notes = append(res.Notes, d.branches...)
	if d.rewritesKeys() {
		d.leaveTests()
		d.leaveRemains()
		res.Notes = append(res.Notes, d.staleTests()...)
		d.leaveGenerated()
		res.Files, err = d.files()
		res.noteComments(d)
	} else {
		res.Rewritten, res.Notes = nil, nil
	}
	res.Left = r.sorted()
	return err
}

// leave reports everything: nothing is rewritten.
func (res *Result) leave(r *rewriter, why refusal) *Result {
	r.leaveAll(why)
	r.targets, r.home = nil, nil
	r.leaveRest()
	if len(r.sites) == 0 && len(r.left) == 0 {
		res.Notes = append(res.Notes, r.nothing())
	}
	res.Left = r.sorted()
	return res
}

var noRuntime = refusal{"the module does not require " + strings.TrimSuffix(runtimePath, "/runtime"), "run go get -tool github.com/sessiongen/sessiongen/cmd/sessiongen"}

// leaveAll reports every use of a key, with a reason for those that have none of their own.
func (r *rewriter) leaveAll(otherwise refusal) {
	for _, s := range r.sites {
		if r.uncalled(s) {
			r.leave(s.at, s.what(), noCall)
			continue
		}
		if !s.verb.keyed() || s.via == nil && s.inside || len(r.of[s]) == 0 { // a wrapper, or a wrapper of a wrapper
			continue
		}
		why := otherwise
		for _, d := range r.of[s] {
			if refused := r.unusable(d); refused != nil {
				why = *refused
			}
		}
		r.leave(s.at, s.what(), why)
	}
}

// uncalled reports whether the key of a use is a parameter, and only tests pass one.
func (r *rewriter) uncalled(s *site) bool {
	return s.inside && s.via == nil && !s.at.in.tests && !slices.ContainsFunc(r.sites, func(other *site) bool {
		return other.innermost() == s && !other.at.in.tests && (len(other.keys) > 0 || other.dynamic != "")
	})
}

// String is the report without Left: the keys with their types, and how many uses of each are rewritten.
func (res *Result) String() string {
	var b strings.Builder
	done := map[string]bool{}
	for _, s := range res.Rewritten {
		done[s.Pos] = true
	}
	session := "\x00"
	for _, k := range res.Keys {
		if k.Program+k.Session != session {
			session = k.Program + k.Session
			fmt.Fprintf(&b, "session %q%s (%s)\n", k.Session, k.ofProgram(), k.Library)
		}
		n := 0
		for _, s := range k.Sites {
			if done[s.Pos] {
				n++
			}
		}
		fmt.Fprintf(&b, "\t%s %s: %d of %d uses rewritten\n", k.Name, k.Type, n, len(k.Sites))
	}
	for _, note := range res.Notes {
		fmt.Fprintln(&b, note)
	}
	return b.String()
}

// Relative lists the files by their paths relative to dir.
func (res *Result) Relative(dir string) []string {
	var names []string
	for _, f := range res.Files {
		if rel, err := filepath.Rel(dir, f.Path); err == nil {
			names = append(names, filepath.ToSlash(rel))
		}
	}
	slices.Sort(names)
	return names
}
