package fibersession

import (
	"maps"
	"net/http"
	"slices"

	"github.com/gofiber/fiber/v3"
)

// writer is the response writer for Handler. What is written to it replaces fiber's response.
type writer struct {
	ctx      fiber.Ctx
	header   http.Header
	replaced bool
}

func (w *writer) Header() http.Header { return w.header }

func (w *writer) WriteHeader(status int) { w.ctx.Status(status) }

func (w *writer) Write(b []byte) (int, error) {
	if len(b) > 0 { // from Config.ErrorHandler
		w.replaceBody()
		w.ctx.Response().AppendBody(b)
	}
	return len(b), nil
}

// replaceBody removes, once, the body of fiber's handlers, and what they have scheduled for after
// the response.
func (w *writer) replaceBody() {
	if !w.replaced {
		w.replaced = true
		w.ctx.Response().ResetBody()
		w.ctx.RequestCtx().HijackSetNoResponse(false)
		w.ctx.RequestCtx().Hijack(nil)
	}
}

// readHeader copies the header of fiber's response.
func (w *writer) readHeader() {
	for key, value := range w.ctx.Response().Header.All() {
		w.header.Add(string(key), string(value))
	}
}

// copyHeader copies the changed header back to fiber's response.
func (w *writer) copyHeader() {
	h := &w.ctx.Response().Header
	has := make(http.Header)
	for key, value := range h.All() {
		has.Add(string(key), string(value))
	}
	for key := range has {
		if _, kept := w.header[key]; !kept {
			h.Del(key)
		}
	}
	maps.DeleteFunc(w.header, func(key string, values []string) bool { return slices.Equal(values, has[key]) })
	for key, values := range w.header {
		h.Del(key)
		for _, value := range values {
			h.Add(key, value)
		}
	}
}
