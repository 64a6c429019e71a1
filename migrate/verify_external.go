package migrate

import (
	"go/types"
	"maps"
	"slices"
	"strings"
)

// external checks the tests of a package that are in a separate package: they see what the tests in the package
// export.
func (b *builder) external(u *unit) {
	path := strings.TrimSuffix(u.path, "_test")
	if tested := b.tested[path]; tested != nil {
		checked := b.p.checked
		defer func() { b.p.checked = checked }()
		b.p.checked = maps.Clone(checked)
		b.recheckFor(u, checked[path], tested)
	}
	b.check(u)
}

// recheckFor checks again what external tests import and what imports the tested package, as the go command does: these
// are of the package with its internal tests, too, or one type would be two. Their errors are known already.
func (b *builder) recheckFor(u *unit, plain, tested *types.Package) {
	seen := map[*types.Package]bool{}
	maps.DeleteFunc(b.p.checked, func(path string, pkg *types.Package) bool {
		return (b.old.unit(path) != nil || path == b.home.path) && isAbove(pkg, plain, seen)
	})
	b.p.checked[tested.Path()] = tested
	errors, units := b.errors, maps.Clone(b.units)
	for _, path := range u.listed.XTestImports {
		mappedImporter{b, u}.Import(path)
	}
	b.errors, b.units = errors, units
}

// isAbove reports whether a package imports another, directly or through others. seen has the answers so far.
func isAbove(pkg, other *types.Package, seen map[*types.Package]bool) bool {
	if pkg == nil {
		return false
	}
	if found, ok := seen[pkg]; ok {
		return found
	}
	seen[pkg] = false
	seen[pkg] = slices.ContainsFunc(pkg.Imports(), func(next *types.Package) bool { return next == other || isAbove(next, other, seen) })
	return seen[pkg]
}
