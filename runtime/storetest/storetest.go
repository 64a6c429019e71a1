// Package storetest tests whether a store does what [runtime.Store] promises. The store's own tests
// call it:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) runtime.Store { return mystore.New(...) })
//	}
//
// Run the tests with -race. With -short, they try fewer races. They cannot tell whether the store
// keeps its promises when the network or the database fails.
package storetest

import (
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// Run runs the tests, each as a subtest of t. Each test calls open for an empty store. The tests run
// one after the other, so all of them can use the same database.
func Run(t *testing.T, open func(t *testing.T) runtime.Store, opts ...Option) {
	o := newOptions(opts)
	for _, c := range checks {
		if !c.lists || !o.unlisted {
			o.check(t, c, open)
		}
	}
	if o.unlisted {
		o.check(t, unlistedCheck, open)
	}
}

func newOptions(opts []Option) options {
	o := options{now: time.Now, advance: time.Sleep, patience: 30 * time.Second}
	for _, opt := range opts {
		opt(&o)
	}
	return o
}

// check runs a check as a subtest.
func (o options) check(t *testing.T, c check, open func(t *testing.T) runtime.Store) {
	t.Run(c.name, func(t *testing.T) { c.run(&kit{T: t, Store: open(t), options: o}) })
}

// An Option describes a property of the store under test.
type Option func(*options)

type options struct {
	now      func() time.Time
	advance  func(time.Duration)
	unlisted bool
	patience time.Duration // how long a check waits for a call that might never return
}

// Clock is for stores that use a clock of the test. now returns its time, and advance moves it
// forward. Without this option, the tests sleep for some seconds.
func Clock(now func() time.Time, advance func(time.Duration)) Option {
	return func(o *options) { o.now, o.advance = now, advance }
}

// Unlisted is for stores that cannot list their records. Their List, DeleteByPrincipal and DeleteAll
// must return an error that is [errors.ErrUnsupported].
func Unlisted() Option {
	return func(o *options) { o.unlisted = true }
}

// A check tests one promise. lists marks those that need List, DeleteByPrincipal or
// DeleteAll.
type check struct {
	name  string
	lists bool
	run   func(k *kit)
}

// unlistedCheck replaces the checks that need lists.
var unlistedCheck = check{"unlisted", false, unlisted}

var checks = []check{
	{"missing", false, missing},
	{"insert", false, insert},
	{"insert conflict", false, insertConflict},
	{"replace", false, replace},
	{"replace conflict", false, replaceConflict},
	{"delete", false, remove},
	{"versions", false, versions},
	{"data", false, data},
	{"keys", false, keys},
	{"copies", false, copies},
	{"far expiry", false, farExpiry},
	{"already expired", false, alreadyExpired},
	{"expiry", false, expiry},
	{"expiry and principals", true, expiryPrincipals},
	{"list", true, list},
	{"list many", true, listMany},
	{"list copies", true, listCopies},
	{"list and change", true, listAndChange},
	{"list in part", true, listInPart},
	{"no principal", true, noPrincipal},
	{"move to a principal", true, move},
	{"delete by principal", true, deleteByPrincipal},
	{"principals", true, principals},
	{"delete all", true, deleteAll},
	{"no data", true, noData},
	{"sweeps", true, sweeps},
	{"ended context", false, endedContext},
	{"ended context and principals", true, endedContextPrincipals},
	{"context that ends", false, endingContext},
	{"concurrent counter", false, counter},
	{"concurrent insert", false, concurrentInsert},
	{"concurrent insert over expired", false, concurrentInsertExpired},
	{"concurrent delete", false, concurrentDelete},
	{"concurrent delete by principal", true, concurrentDeleteByPrincipal},
	{"concurrent delete all", true, concurrentDeleteAll},
	{"concurrent moves", true, concurrentMoves},
	{"parallel keys", false, parallelKeys},
}
