package driver

import (
	"reflect"
	"time"
)

// use takes the value of a field that is for something through the accessors that it has.
func (t *trial) use(s *session) {
	if _, isFlash := s.typ.MethodByName("Take" + t.name); isFlash {
		t.flash(s)
	} else {
		t.factor(s)
	}
}

// flash adds messages, of which the last ones are to be taken once.
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
