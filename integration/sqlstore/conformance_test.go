package sqlstore_test

import (
	"flag"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/sqlstore"
	"github.com/sessiongen/sessiongen/runtime/storetest"
)

// A clock can be moved by a test.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

func TestConformance(t *testing.T) {
	each(t, conforms)
}

var allSettings = flag.Bool("settings", false, "test with every setting, not only one")

// Settings that affect what a statement does, what it returns, or whether the database rolls it back. The first one of
// MariaDB affects the row counts that the store relies on.
func TestConformanceWithSettings(t *testing.T) {
	settings := map[string][]string{
		"MariaDB": {
			"?clientFoundRows=true",
			"?clientFoundRows=true&interpolateParams=true",
			"?tx_isolation='SERIALIZABLE'",
			"?tx_isolation='READ-COMMITTED'",
			"?innodb_snapshot_isolation=ON",
		},
		"PostgreSQL": {
			"&default_query_exec_mode=simple_protocol", // as behind a pooler
			"&default_transaction_isolation=serializable",
		},
	}
	for _, d := range databases {
		dsn := d.dsn
		for _, setting := range settings[d.name] {
			if !*allSettings && setting != "?clientFoundRows=true" {
				continue
			}
			t.Run(setting[1:], func(t *testing.T) {
				d.need(t)
				d.dsn = dsn + setting
				conforms(t, d)
			})
		}
	}
}

func conforms(t *testing.T, d database) {
	var c clock
	storetest.Run(t, func(t *testing.T) runtime.Store {
		s, _ := d.open(t, sqlstore.Options{Time: c.now})
		return s
	}, storetest.Clock(c.now, c.advance))
}
