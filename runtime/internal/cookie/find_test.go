package cookie

import (
	"slices"
	"strings"
	"testing"
)

func TestFindCookies(t *testing.T) {
	spec := New(Attributes{Name: "s", Chunks: 1})
	for _, c := range []struct {
		headers    []string
		candidates string
		any        bool
		siblings   string
	}{
		{nil, "", false, ""},
		{[]string{"s=1"}, "1", true, ""},
		{[]string{"s=1; s=2", "s=3;s=4"}, "1,2,3,4", true, ""},
		{[]string{"s=", "s==", "s=a=b"}, "=,a=b", true, ""},
		{[]string{"s="}, "", true, ""},
		{[]string{"S=1; ss=2; as=3; s2=4; s =5; s", "s"}, "", false, ""},
		{[]string{"  s=1\t;\ts=2  ;"}, "1,2", true, ""},
		{[]string{`s="1"`, "s=1,2"}, `"1",1,2`, true, ""},
		{[]string{";;s=1;;"}, "1", true, ""},
		{[]string{strings.Repeat("s=; ", 3000) + strings.Repeat("s=x; ", 3000)}, strings.Repeat("x,", maxValues-1) + "x", true, ""},
		{[]string{"s-2=b; s=a; s-seen=n", "s-3=c;s-4=d"}, "a", true, "b,c,d,n,"},
		{[]string{"s-bound=p; s-bound2=x; s-boun=x", "s=a"}, "a", true, ",,,,p"},
		{[]string{"s-2=b; s-2=x; s-5=y; s-1=z; s-seen2=z; s-see=z; s-=z; s-seen", "s-4="}, "", false, "b,,,,"},
	} {
		var r Received
		spec.Find(c.headers, &r)
		if got := strings.Join(slices.Collect(r.Candidates().All()), ","); got != c.candidates || r.Any != c.any {
			t.Errorf("%.100q: got %q, %v, want %q, %v", c.headers, got, r.Any, c.candidates, c.any)
		}
		var siblings []string
		for i := range r.siblings {
			siblings = append(siblings, r.siblings[i].first)
		}
		if got := strings.Join(siblings, ","); got != c.siblings && (got != ",,,," || c.siblings != "") {
			t.Errorf("%.100q: got siblings %q, want %q", c.headers, got, c.siblings)
		}
	}
}
