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
	packages map[string]*once // by directory
}

// A once is a package that is checked by the first run that needs it. Other runs wait for it.
type once struct {
	sync.Once
	pkg *types.Package
}

func newKnown() *known {
	return &known{fset: token.NewFileSet(), packages: map[string]*once{}}
}

// has reports whether a package and all of its imports can be shared.
func (k *known) has(l *golist.Package) bool {
	return k != nil && !own(l) && (l.Standard || l.Module != nil && strings.HasPrefix(runtimePath, l.Module.Path+"/"))
}

// get returns a package.
func (k *known) get(l *golist.Package, check func() *types.Package) *types.Package {
	k.mu.Lock()
	o := k.packages[l.Dir]
	if o == nil {
		o = new(once)
		k.packages[l.Dir] = o
	}
	k.mu.Unlock()
	o.Do(func() { o.pkg = check() })
	return o.pkg
}
