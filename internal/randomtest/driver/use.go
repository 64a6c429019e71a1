package driver

import (
	"errors"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// use tests a flash, flow or factor with a value, through its own accessors.
func (t *trial) use(s *session) {
	has := func(method string) bool {
		_, ok := s.typ.MethodByName(method)
		return ok
	}
	switch {
	case has("Start" + t.name):
		t.flow(s)
	case has("Take" + t.name):
		t.flash(s)
	default:
		t.factor(s)
	}
}

// flash adds messages, and takes the last ones once.
func (t *trial) flash(s *session) {
	if len(t.raw) > fits || t.want.Len() == 0 {
		return
	}
	manager := s.manager()
	first := open(manager)
	v := t.value(t.field, t.i)
	first.session.MethodByName("Add" + t.name).CallSlice([]reflect.Value{v})
	spoil(v)
	cookie, err := first.seal()
	if err != nil || cookie == "" {
		t.fail("seal", "%q, %v", cookie, err)
		return
	}
	second := open(manager, cookie)
	if !second.call("Has" + t.name)[0].Bool() {
		t.fail("flash", "there is none")
	}
	dropped := max(0, t.want.Len()-int(t.desc.Elem().FieldByName("Max").Int()))
	t.compare(comparison{}, "flash", second.call("Take" + t.name)[0], t.want.Slice(dropped, t.want.Len()))
	if again := second.call("Take" + t.name)[0]; again.Len() > 0 {
		t.fail("flash", "taken twice")
	}
}

// flow begins one and takes it, once.
func (t *trial) flow(s *session) {
	manager := s.manager()
	first := open(manager)
	v := t.value(t.field, t.i)
	out := first.session.MethodByName("TryStart" + t.name).Call([]reflect.Value{v})
	spoil(v)
	state := out[0]
	if err, _ := out[1].Interface().(error); err != nil {
		if !errors.Is(err, runtime.ErrTooLarge) || len(t.raw) < 500 || state.Len() > 0 || first.err() != nil {
			t.fail("flow", "%v, and Err %v", err, first.err())
		}
		t.count["flow, too large"]++
		return
	}
	header := manager.MethodByName("Seal").Call([]reflect.Value{first.session})[0].Interface().(http.Header)
	var cookies []string
	for _, line := range header["Set-Cookie"] {
		cookie, _, _ := strings.Cut(line, ";")
		cookies = append(cookies, cookie)
	}
	second := open(manager, cookies...)
	got := second.call("Take"+t.name, state)
	if !got[1].Bool() {
		t.fail("flow", "not there")
		return
	}
	t.compare(comparison{}, "flow", got[0], t.want)
	if again := second.call("Take"+t.name, state); again[1].Bool() {
		t.fail("flow", "taken twice")
	}
}

// factor proves something.
func (t *trial) factor(s *session) {
	v := open(s.manager())
	within := func() bool { return v.call(t.name+"Within", reflect.ValueOf(time.Hour))[0].Bool() }
	if before := within(); before {
		t.fail("factor", "proved before it was")
	}
	if v.call("Prove" + t.name); !within() {
		t.fail("factor", "not proved")
	}
	t.count["factor"]++
}
