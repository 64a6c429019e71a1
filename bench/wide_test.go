package bench

import (
	"net/http"
	"reflect"

	sessionruntime "github.com/sessiongen/sessiongen/runtime"
)

func wideCookie() library { return wideSessiongen("sessiongen", nil) }

func wideMemory() library { return wideSessiongen("sessiongen, memory store", memoryStore()) }

// wideSessiongen is sessiongen with sessions of sixty fields.
func wideSessiongen(name string, store sessionruntime.Store) library {
	m := must(NewWideManager(config(store)))
	return library{
		name: name,
		fill: m.Handler(handle(func(_ http.ResponseWriter, r *http.Request) {
			s := reflect.ValueOf(WideFrom(r.Context()))
			for _, v := range sixty() {
				s.MethodByName("Set" + v.name).Call([]reflect.Value{reflect.ValueOf(v.value)})
			}
		})),
		readAndWrite: m.Handler(handle(func(_ http.ResponseWriter, r *http.Request) {
			s := WideFrom(r.Context())
			sink = s.GetUsername()
			s.SetVisits(s.GetVisits() + 1)
		})),
	}
}
