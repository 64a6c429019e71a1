package storetest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/internal/long"
	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/sessiontest"
	"github.com/sessiongen/sessiongen/runtime/storetest"
)

func TestSleeping(t *testing.T) {
	if long.Of(0, 1) == 0 {
		t.Skip("sleeps; TestClock has the same checks. SESSIONGEN_LONG=1 runs it")
	}
	storetest.Run(t, func(*testing.T) runtime.Store { return newMapStore(time.Now) })
}

func TestClock(t *testing.T) {
	clock := sessiontest.NewClock(time.Now())
	storetest.Run(t, func(*testing.T) runtime.Store { return newMapStore(clock.Now) }, storetest.Clock(clock.Now, clock.Advance))
}

// All checks can use the same store.
func TestShared(t *testing.T) {
	clock := sessiontest.NewClock(time.Now())
	m := newMapStore(clock.Now)
	storetest.Run(t, func(t *testing.T) runtime.Store {
		if err := m.DeleteAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		return m
	}, storetest.Clock(clock.Now, clock.Advance))
}

func TestUnlisted(t *testing.T) {
	clock := sessiontest.NewClock(time.Now())
	storetest.Run(t, func(*testing.T) runtime.Store { return unlisted{newMapStore(clock.Now)} },
		storetest.Clock(clock.Now, clock.Advance), storetest.Unlisted())
}

// An unlisted is a store that cannot list.
type unlisted struct{ *mapStore }

func (unlisted) List(context.Context, string, func(string, runtime.Record) bool) error {
	return errors.ErrUnsupported
}
func (unlisted) DeleteByPrincipal(context.Context, string) error { return errors.ErrUnsupported }
func (unlisted) DeleteAll(context.Context) error                 { return errors.ErrUnsupported }
