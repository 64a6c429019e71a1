package response

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// unwrapping is a response writer of which the one below decides what it can do.
type unwrapping struct{ http.ResponseWriter }

func (w unwrapping) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// bare is a response writer that can do nothing else.
type bare struct{ http.ResponseWriter }

// Types of which more are judged than firstJudged has room for.
type (
	bare1 struct{ bare }
	bare2 struct{ bare }
	bare3 struct{ bare }
	bare4 struct{ bare }

	reading struct{ bare }
)

func (reading) ReadFrom(io.Reader) (int64, error) { return 0, nil }

// A type is judged once, but not one that unwraps: its values differ.
func TestVariantByType(t *testing.T) {
	recorder := httptest.NewRecorder()
	b := bare{recorder}
	for range 2 {
		for _, c := range []struct {
			w    http.ResponseWriter
			want variant
		}{
			{unwrapping{recorder}, flushes},
			{unwrapping{b}, plain},
			{unwrapping{unwrapping{recorder}}, flushes},
			{recorder, flushes},
			{b, plain},
			{bare1{b}, plain},
			{bare2{b}, plain},
			{bare3{b}, plain},
			{bare4{b}, plain},
			{reading{b}, readFroms},
		} {
			if got := variantFor(c.w); got != c.want {
				t.Errorf("%T has variant %d, want %d", c.w, got, c.want)
			}
		}
	}
}
