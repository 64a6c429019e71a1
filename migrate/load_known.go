package migrate

import (
	"go/token"
	"go/types"
	"strings"
	"sync"

	"github.com/sessiongen/sessiongen/internal/golist"
)

// A known holds packages that several runs in one process share, as tests do: the standard library and the runtime.
// Checking them is most of the work for a small program.
type known struct {
	fset *token.FileSet

	mu       sync.Mutex
	packages map[string]*types.Package // by directory
}

func newKnown() *known {
	return &known{fset: token.NewFileSet(), packages: map[string]*types.Package{}}
}

// has reports whether a package and all of its imports can be shared.
func (k *known) has(l *golist.Package) bool {
	return k != nil && !own(l) && (l.Standard || l.Module != nil && strings.HasPrefix(runtimePath, l.Module.Path+"/"))
}

// get returns a package. The first run that needs it checks it.
func (k *known) get(l *golist.Package, check func() *types.Package) *types.Package {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.packages[l.Dir] == nil {
		k.packages[l.Dir] = check()
	}
	return k.packages[l.Dir]
}
