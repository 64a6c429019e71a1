package gen

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/schema"
)

func TestCommentLines(t *testing.T) {
	got := commentLines("a */ b\r\n\r\ngo:build x\rline x:1 \n\tcode\n  list\n\t +build ignore\n+build x")
	want := []string{"// a */ b", "//", "// \"go:build\" x", "// line x:1", "//\tcode", "//   list",
		"//\t \"+build\" ignore", "// \"+build\" x"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWrap(t *testing.T) {
	text := wrap(strings.Repeat("word ", 60) + strings.Repeat("long", 40) + " end")
	for line := range strings.SplitSeq(text, "\n") {
		if len(line) > 90 && strings.Contains(line, " ") || strings.TrimSpace(line) != line {
			t.Errorf("wrap returns the line %q", line)
		}
	}
	if strings.Join(strings.Fields(text), " ") != strings.ReplaceAll(text, "\n", " ") {
		t.Error("wrap changes the words")
	}
}

func TestTypeDoc(t *testing.T) {
	const safe = "It is safe for concurrent use."
	const plainDoc = "Session gives typed access to a session with the fields of session."
	for doc, want := range map[string]string{
		"":                                plainDoc + "\n" + safe,
		"session is it.\n":                "Session is it.\n" + safe,
		"A session is it.":                "A Session is it.\n" + safe,
		"session":                         "Session\n" + safe,
		"sessions are many.":              plainDoc + "\n\nsessions are many.\n\n" + safe,
		"Deprecated: no.":                 plainDoc + "\n\nDeprecated: no.\n\n" + safe,
		"session is:\r\n  - one\r\n":      "Session is:\n  - one\n\n" + safe,
		"session is it.\n\nAnd more.\n\n": "Session is it.\n\nAnd more.\n\n" + safe,
	} {
		if got := typeDoc(&schema.Schema{Name: "session", TypeName: "Session", Doc: doc}); got != want {
			t.Errorf("%q:\ngot  %q\nwant %q", doc, got, want)
		}
	}
}

func TestDuration(t *testing.T) {
	g := newGenerator(fakePackage())
	for d, want := range map[time.Duration]string{
		0: "0", time.Hour: "time.Hour", 36 * time.Hour: "36 * time.Hour", 90 * time.Second: "90 * time.Second",
		10 * time.Minute: "10 * time.Minute", 1500 * time.Millisecond: "1500 * time.Millisecond", -time.Minute: "-1 * time.Minute",
		7: "7 * time.Nanosecond", 2 * time.Microsecond: "2 * time.Microsecond",
	} {
		if got := g.duration(d).GoString(); got != want {
			t.Errorf("%v: got %s, want %s", d, got, want)
		}
	}
}

func TestShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		10 * time.Minute: "10m", time.Hour: "1h", 90 * time.Second: "1m30s", 90 * time.Minute: "1h30m",
		10 * time.Second: "10s", 100 * time.Hour: "100h", 0: "0s", time.Hour + time.Second: "1h0m1s",
	} {
		if got := short(d); got != want {
			t.Errorf("short(%v) = %s, want %s", d, got, want)
		}
	}
}

// TestMethodsDoc compares the list with the methods that the runtime has.
func TestMethodsDoc(t *testing.T) {
	listed := map[string]bool{}
	for _, word := range regexp.MustCompile(`\b[A-Z]\w*`).FindAllString(methodsDoc, -1) {
		listed[word] = true
	}
	for _, other := range []string{"It", "Session", "Call"} {
		delete(listed, other)
	}
	session := reflect.TypeFor[runtime.Session]()
	for method := range session.Methods() {
		switch method.Name {
		case "String", "GoString", "Format", "LogValue": // printing
			continue
		}
		if !listed[method.Name] {
			t.Errorf("the list does not have %s", method.Name)
		}
		delete(listed, method.Name)
	}
	for name := range listed {
		t.Errorf("the list has %s, which no session has", name)
	}
}
