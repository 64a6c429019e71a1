package driver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"runtime/debug"
	"strings"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/codec"
)

type checker struct {
	seed       uint64
	sampleFrom int // the first of the values that are samples for Python
	out        io.Writer
	failures   []string
	count      map[string]int // of what was checked
}

// report prints the failures, the first ones in full, and returns their number.
func (c *checker) report(w io.Writer) int {
	for i, f := range c.failures {
		if i == 20 {
			fmt.Fprintf(w, "and %d more\n", len(c.failures)-i)
			break
		}
		fmt.Fprintln(w, f)
	}
	fmt.Fprintln(w, c.count)
	return len(c.failures)
}

// A trial is one value of one field.
type trial struct {
	*checker
	*field
	i    int
	want reflect.Value // the expected value after reading
	raw  []byte        // our encoding of it

	failed bool
}

// fail notes the first failure of each value.
func (t *trial) fail(how string, format string, args ...any) {
	if t.failed {
		return
	}
	t.failed = true
	t.failures = append(t.failures, fmt.Sprintf("%s value %d, %s: %s\n\ttype %v\n\tvalue %.500q\n\tbytes %x", t.id, t.i, how,
		fmt.Sprintf(format, args...), t.typ, fmt.Sprintf("%+v", t.value(t.field, t.i)), t.raw))
}

// equal fails unless got is the expected value.
func (t *trial) equal(how string, got reflect.Value) bool {
	return t.compare(comparison{}, how, got, t.want)
}

func (t *trial) compare(c comparison, how string, got, want reflect.Value) bool {
	t.count[how]++
	d := c.diff(t.name, got, want)
	if d != "" {
		t.fail(how, "%s", d)
	}
	return d == ""
}

// session checks the i-th value of each field of a schema, then some of them together.
func (c *checker) session(s *session, i int) {
	var trials []*trial
	for _, f := range s.fields {
		t := &trial{checker: c, field: f, i: i}
		if _, isValue := s.typ.MethodByName("Get" + f.name); !isValue {
			t.guard(func() { t.codec(); t.use(s) })
			continue
		}
		if t.guard(func() { t.codec(); t.accessors(s) }) {
			trials = append(trials, t)
		}
	}
	c.together(s, trials, i)
}

// guard turns a panic into a failure, and reports whether the trial went well.
func (t *trial) guard(check func()) (ok bool) {
	defer func() {
		if x := recover(); x != nil {
			t.fail("panic", "%v\n%s", x, debug.Stack())
		}
	}()
	check()
	return !t.failed
}

func (t *trial) stored(m model, v reflect.Value) reflect.Value {
	want := reflect.New(t.typ).Elem()
	m.stored(want, v)
	return want
}

// codec compares the generated codec with v5's reflection.
func (t *trial) codec() {
	t.want = t.value(t.field, t.i)
	if !t.isFormed() {
		t.want = t.stored(model{}, t.want)
	}
	v := t.value(t.field, t.i)

	var err error
	t.raw, err = t.append(v)
	if err != nil {
		t.fail("encode", "%v", err)
		return
	}
	if again, err := t.append(v); err != nil || !bytes.Equal(again, t.raw) {
		t.fail("encode again", "%x, %v", again, err)
	}
	got, err := t.decode(t.raw)
	if err != nil {
		t.fail("decode", "%v", err)
		return
	}
	t.equal("ours by us", got)
	spoil(v)
	t.equal("ours by us, the value changed", got)
	if t.isFormed() || hasForms(t.typ, map[reflect.Type]bool{}) {
		t.count["forms of the schema's choice"]++
		return
	}
	switch got, err := unmarshal(t.raw, t.typ); {
	case err == nil:
		t.compare(comparison{lenient: true}, "ours by v5", got, t.want)
	case strings.Contains(err.Error(), "IsNil") && nilInArray(t.want):
		t.count["skipped: v5 panics on a nil time in an array"]++
	default:
		t.fail("ours by v5", "%v", err)
	}
	if t.i >= t.sampleFrom {
		t.sample()
	}

	theirs, err := marshal(t.value(t.field, t.i))
	switch {
	case err != nil && isExcused(err) && cannotMarshal(t.typ, false, map[place]bool{}):
		t.count["skipped: v5 cannot write it"]++
		return
	case err != nil:
		t.fail("v5's", "%v", err)
		return
	}
	got, err = t.decode(theirs)
	if err != nil {
		t.fail("v5's by us", "%v; v5 wrote %x", err, theirs)
		return
	}
	t.compare(comparison{lenient: true}, "v5's by us", got, t.stored(model{byMsgpack: true}, t.value(t.field, t.i)))
}

// append encodes with the generated function, through one instance of codec.Append for all types.
func (t *trial) append(v reflect.Value) ([]byte, error) {
	encode := t.desc.Elem().FieldByName("Encode")
	return codec.Append(nil, v, func(e *codec.Encoder, v reflect.Value) {
		encode.Call([]reflect.Value{reflect.ValueOf(e), v})
	})
}

func (t *trial) decode(b []byte) (reflect.Value, error) {
	decode := t.desc.Elem().FieldByName("Decode")
	input := bytes.Clone(b)
	v, err := codec.Decode(input, func(d *codec.Decoder) reflect.Value {
		return decode.Call([]reflect.Value{reflect.ValueOf(d)})[0]
	})
	clear(input) // the value must not share it
	if err == nil {
		// Call's result is not addressable, but spoil must reach all of it.
		v = addressable(v)
	}
	return v, err
}

const keys = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

func config() runtime.Config {
	parsed, err := runtime.ParseKeys(keys)
	if err != nil {
		panic(err)
	}
	return runtime.Config{Keys: parsed, OnEvent: func(context.Context, runtime.Event) {}}
}

// A visit is one generated session, by reflection.
type visit struct{ manager, session reflect.Value }

func (s *session) manager() reflect.Value {
	out := s.newManager.Call([]reflect.Value{reflect.ValueOf(config())})
	if err, _ := out[1].Interface().(error); err != nil {
		panic(err)
	}
	return out[0]
}

func open(manager reflect.Value, cookies ...string) visit {
	return visit{manager, manager.MethodByName("Open").Call([]reflect.Value{reflect.ValueOf(context.Background()), reflect.ValueOf(cookies)})[0]}
}

// seal is the Cookie header in which the session comes back, "" if nothing is sent.
func (v visit) seal() (string, error) {
	out := v.manager.MethodByName("Seal").Call([]reflect.Value{v.session})
	lines := out[0].Interface().(http.Header)["Set-Cookie"]
	err, _ := out[1].Interface().(error)
	if len(lines) == 0 {
		return "", err
	}
	cookie, _, _ := strings.Cut(lines[0], ";")
	return cookie, err
}

func (v visit) call(method string, args ...reflect.Value) []reflect.Value {
	out := v.session.MethodByName(method).Call(args)
	for i, x := range out {
		if x.Type().Kind() != reflect.Bool {
			out[i] = addressable(x)
		}
	}
	return out
}

func (v visit) err() error {
	err, _ := v.call("Err")[0].Interface().(error)
	return err
}

// tooLong reports whether the field's max or each option forbids the value.
func (t *trial) tooLong() bool {
	limit, each := t.desc.Elem().FieldByName("Max").Int(), t.desc.Elem().FieldByName("Each").Int()
	return limit > 0 && t.want.Len() > int(limit) || each > 0 && largestElement(t.raw) > int(each)
}

// fits is how many bytes of values surely fit into a cookie.
const fits = 2700

// accessors takes the value through a session of its own.
func (t *trial) accessors(s *session) {
	if len(t.raw) > fits {
		return
	}
	manager := s.manager()
	first := open(manager)
	t.has(first, false)
	initial := t.desc.Elem().FieldByName("Default")
	for _, verb := range []string{"Get", "Lookup"} {
		t.compare(comparison{}, "default of "+verb, first.call(verb + t.name)[0], initial)
	}

	t.trySet(first)
	v := t.value(t.field, t.i)
	first.call("Set"+t.name, v)
	if t.tooLong() {
		t.count["max"]++
		t.has(first, false)
		if err := first.err(); !errors.Is(err, runtime.ErrMax) {
			t.fail("max", "error %v", err)
		}
		return
	}
	if err := first.err(); err != nil {
		t.fail("Set", "%v", err)
		return
	}
	spoil(v)
	t.has(first, true)
	for range 2 {
		got := first.call("Get" + t.name)[0]
		t.equal("set, get", got)
		spoil(got)
	}
	cookie, err := first.seal()
	if err != nil || cookie == "" {
		t.fail("seal", "%q, %v", cookie, err)
		return
	}
	t.reloaded(open(manager, cookie))
	t.older(manager)
}

// trySet sets and clears the value by the method that returns an error, if there is one.
func (t *trial) trySet(v visit) {
	try := v.session.MethodByName("TrySet" + t.name)
	if !try.IsValid() {
		return
	}
	err, _ := try.Call([]reflect.Value{t.value(t.field, t.i)})[0].Interface().(error)
	if errors.Is(err, runtime.ErrMax) != t.tooLong() || err != nil && !t.tooLong() || v.err() != nil {
		t.fail("try", "error %v, and Err %v", err, v.err())
	}
	t.has(v, err == nil)
	v.call("Clear" + t.name)
}

func (t *trial) has(v visit, want bool) {
	if got := v.call("Has" + t.name)[0].Bool(); got != want {
		t.fail("Has", "%v", got)
	}
	if got := v.call("Lookup" + t.name)[1].Bool(); got != want {
		t.fail("Lookup", "%v", got)
	}
}

// reloaded uses the value in a session that was saved with it.
func (t *trial) reloaded(second visit) {
	t.has(second, true)
	for _, verb := range []string{"Get", "Lookup", "Get"} {
		got := second.call(verb + t.name)[0]
		t.equal("set, save, load, "+verb, got)
		spoil(got)
	}
	second.call("Set"+t.name, t.value(t.field, t.i))
	ttl := t.desc.Elem().FieldByName("TTL").Int() // a second may have passed, and its time starts again
	if ttl == 0 && second.call("Modified")[0].Bool() {
		t.fail("set the same", "it counts as a change")
	}
	t.update(second)
	out := second.call("Pop" + t.name)
	t.equal("pop", out[0])
	if !out[1].Bool() {
		t.fail("pop", "not ok")
	}
	t.has(second, false)
	if err := second.err(); err != nil {
		t.fail("session", "%v", err)
	}
}

// update makes changes with Update and Append that cancel each other.
func (t *trial) update(v visit) {
	f := reflect.MakeFunc(reflect.FuncOf([]reflect.Type{t.typ}, []reflect.Type{t.typ}, false), func(in []reflect.Value) []reflect.Value {
		got := addressable(in[0])
		t.equal("update", got)
		spoil(got)
		return []reflect.Value{t.value(t.field, t.i)}
	})
	v.call("Update"+t.name, f)
	t.equal("updated", v.call("Get" + t.name)[0])
	if m := v.session.MethodByName("Append" + t.name); m.IsValid() {
		v.call("Clear" + t.name)
		all := t.value(t.field, t.i)
		if t.desc.Elem().FieldByName("Default").IsNil() && all.Len() > 0 {
			m.CallSlice([]reflect.Value{all.Slice(0, 1)})
			m.CallSlice([]reflect.Value{all.Slice(1, all.Len())})
			t.equal("appended", v.call("Get" + t.name)[0])
		} else {
			v.call("Set"+t.name, all)
		}
	}
}

// bare has the form of a generated session type.
type bare struct{ runtime.Session }

// older saves a session under the field's older keys, as an older program did, and reads it.
func (t *trial) older(manager reflect.Value) {
	for _, key := range t.desc.Elem().FieldByName("Was").Interface().([]string) {
		desc := reflect.New(t.desc.Type().Elem())
		desc.Elem().Set(t.desc.Elem())
		desc.Elem().FieldByName("Index").SetInt(0)
		desc.Elem().FieldByName("Key").SetString(key)
		desc.Elem().FieldByName("Was").SetZero()
		before, err := runtime.NewManager(config(), func(s runtime.Session) bare { return bare{s} }, desc.Interface().(runtime.AnyField))
		if err != nil {
			t.fail("was", "%v", err)
			return
		}
		old := before.Open(context.Background(), nil)
		desc.MethodByName("Set").Call([]reflect.Value{reflect.ValueOf(old.Session), t.value(t.field, t.i)})
		header, err := before.Seal(old)
		lines := header["Set-Cookie"]
		if err != nil || len(lines) != 1 {
			t.fail("was", "%q, %v", lines, err)
			return
		}
		cookie, _, _ := strings.Cut(lines[0], ";")
		t.equal("was", open(manager, cookie).call("Get" + t.name)[0])
	}
}

// together uses one session for as many fields as fit into a cookie.
func (c *checker) together(s *session, trials []*trial, i int) {
	r := c.random(s.name, i)
	manager := s.manager()
	first, room, set := open(manager), fits, map[*trial]bool{}
	for _, n := range r.Perm(len(trials)) {
		t := trials[n]
		if room -= len(t.raw) + len(t.name) + 20; room < 0 {
			break
		}
		if !t.tooLong() {
			first.call("Set"+t.name, t.value(t.field, t.i))
			set[t] = true
		}
	}
	cookie, err := first.seal()
	if err != nil || (cookie == "") != (len(set) == 0) {
		c.failures = append(c.failures, fmt.Sprintf("%s round %d: %q, %v", s.name, i, cookie, err))
		return
	}
	second := open(manager, cookie)
	for _, t := range trials {
		t.guard(func() {
			want := t.want
			if !set[t] {
				want = t.desc.Elem().FieldByName("Default")
			}
			t.compare(comparison{}, "together", second.call("Get" + t.name)[0], want)
			if got := second.call("Has" + t.name)[0].Bool(); got != set[t] {
				t.fail("together", "has it: %v", got)
			}
		})
	}
}
