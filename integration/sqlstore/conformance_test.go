package sqlstore_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/sqlstore"
	"github.com/sessiongen/sessiongen/runtime/storetest"
)

// A clock is one that a test moves.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

func TestConformance(t *testing.T) {
	each(t, conforms)
}

// What MySQL's driver makes of parameters and of affected rows depends on these.
func TestConformanceOfDriverOptions(t *testing.T) {
	for _, d := range databases {
		if d.dialect != sqlstore.MySQL {
			continue
		}
		for _, option := range []string{"clientFoundRows=true", "interpolateParams=true", "clientFoundRows=true&interpolateParams=true"} {
			t.Run(option, func(t *testing.T) {
				d.need(t)
				d := d
				d.dsn += "?" + option
				conforms(t, d)
			})
		}
	}
	// Without prepared statements, as behind a pooler.
	for _, mode := range []string{"exec", "simple_protocol"} {
		t.Run("default_query_exec_mode="+mode, func(t *testing.T) {
			d := databases[1]
			d.need(t)
			d.dsn += "&default_query_exec_mode=" + mode
			conforms(t, d)
		})
	}
}

func conforms(t *testing.T, d database) {
	var c clock
	storetest.Run(t, func(t *testing.T) runtime.Store {
		s, _ := d.open(t, sqlstore.Options{Time: c.now})
		return s
	}, storetest.Clock(c.now, c.advance))
}
