package migrate

import (
	"go/token"
	"go/types"
	"strings"
	"sync"

	"github.com/sessiongen/sessiongen/internal/golist"
)

// A known has packages that several runs in one process have in common, as tests do: those of the standard library and of
// the runtime. To check them is most of the work of a run on a small program.
type known struct {
	fset *token.FileSet

	mu       sync.Mutex
	packages map[string]*types.Package // by directory
}

func newKnown() *known {
	return &known{fset: token.NewFileSet(), packages: map[string]*types.Package{}}
}

// has reports whether a package, and with it all that it imports, is one that runs have in common.
func (k *known) has(l *golist.Package) bool {
	return k != nil && !own(l) && (l.Standard || l.Module != nil && strings.HasPrefix(runtimePath, l.Module.Path+"/"))
}

// get is a package, which the first run checks that needs it.
func (k *known) get(l *golist.Package, check func() *types.Package) *types.Package {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.packages[l.Dir] == nil {
		k.packages[l.Dir] = check()
	}
	return k.packages[l.Dir]
}
