package frameworks

import (
	"context"
	"errors"
	"net/http"

	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/sessiongen/sessiongen/integration/frameworks/check"
)

// text is the message of every call.
type text = wrapperspb.StringValue

// withoutPages are the checks that do not apply to calls.
func withoutPages(more map[string]string) map[string]string {
	const why = "calls have no such thing"
	without := map[string]string{"204": why, "redirect": why, "HEAD": why, "websocket": why}
	for name, why := range more {
		without[name] = why
	}
	return without
}

// procedure is the procedure's name for a path.
func procedure(path string) string {
	if path == check.GroupPath {
		return path
	}
	return "/site" + path
}

func streams(path string) bool { return path == "/stream" || path == "/late" }

// These errors of a call do not go through the error handler.
var (
	denied = errors.New("denied")
	failed = errors.New("failed")
)

// call answers a unary call.
func call(ctx context.Context, path string, in *text) (*text, error) {
	a := check.Do(ctx, path, in.GetValue())
	switch a.Status {
	case http.StatusForbidden:
		return nil, denied
	case http.StatusInternalServerError:
		return nil, failed
	}
	return wrapperspb.String(a.Body), a.Err
}

// stream answers a stream.
func stream(ctx context.Context, path string, in *text, send func(*text) error) error {
	a := check.Do(ctx, path, in.GetValue())
	for i, chunk := range a.Chunks {
		if i == 1 {
			a.Between()
		}
		if err := send(wrapperspb.String(chunk)); err != nil {
			return err
		}
	}
	return nil
}
