package migrate

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
)

// linked is an error if a file that changes is a link out of its module, or has two names: Git could not bring the first
// back, and the second would get one package's changes in another.
func (d *draft) linked() (err error) {
	names := map[string]string{} // by the file itself
	for _, name := range slices.Sorted(maps.Keys(d.texts)) {
		real := resolved(name)
		switch short := relative(d.r.p.dir, name); {
		case string(d.texts[name]) == string(d.r.p.source[name]):
		case !inModule(filepath.Dir(name), name):
			err = errors.Join(err, fmt.Errorf("%s is a link that leads out of the module: put the file in its place first", short))
		case names[real] != "":
			err = errors.Join(err, fmt.Errorf("%s and %s are one file: make them two first", names[real], short))
		default:
			names[real] = short
		}
	}
	return err
}
