// Package frameworks runs the table of package check against every framework.
package frameworks

import (
	"context"

	"github.com/sessiongen/sessiongen/runtime"
)

func recordInto(events *[]runtime.Event) func(context.Context, runtime.Event) {
	return func(_ context.Context, e runtime.Event) { *events = append(*events, e) }
}
