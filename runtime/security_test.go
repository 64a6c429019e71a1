package runtime_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// docs/security.md has all requirements of ASVS 5.0 V7, each once. Whatever holds has a test that shows it,
// and that exists.
func TestSecurityTable(t *testing.T) {
	text, err := os.ReadFile("../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	tests := declaredTests(t)
	rows := regexp.MustCompile(`(?m)^\| (7\.\d\.\d)? ?\| (.*?) \| (by default|by configuration|the program's) \| .*?\| ?(.*?) ?\|$`).
		FindAllStringSubmatch(string(text), -1)
	var numbers []string
	for _, row := range rows {
		number, holds, test := row[1], row[3], row[4]
		if number != "" {
			numbers = append(numbers, number)
		}
		name := regexp.MustCompile("^`(Test\\w+)`$").FindStringSubmatch(test)
		switch {
		case holds == "the program's":
			if test != "" {
				t.Errorf("%s is the program's, but has the test %s", row[0], test)
			}
		case name == nil || !tests[name[1]]:
			t.Errorf("%s: the test %s does not exist", row[0], test)
		}
	}
	want := []string{"7.1.1", "7.1.2", "7.1.3", "7.2.1", "7.2.2", "7.2.3", "7.2.4", "7.3.1", "7.3.2",
		"7.4.1", "7.4.2", "7.4.3", "7.4.4", "7.4.5", "7.5.1", "7.5.2", "7.5.3", "7.6.1", "7.6.2"}
	if !slices.Equal(numbers, want) {
		t.Errorf("got rows %v, want %v", numbers, want)
	}
	if extra := len(rows) - len(numbers); extra != 2 { // of 7.2.4 and 7.4.1, which hold in part
		t.Errorf("got %d rows without a number, want 2", extra)
	}
}

// declaredTests are the tests of this package.
func declaredTests(t *testing.T) map[string]bool {
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	tests := make(map[string]bool)
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`).FindAllSubmatch(source, -1) {
			tests[string(m[1])] = true
		}
	}
	return tests
}

// Two visitors' tokens differ even if their sessions hold the same.
func TestTokensDiffer(t *testing.T) {
	everyHome(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		r := newRig(t)
		seen := make(map[string]bool)
		for range 100 {
			c := r.login()
			seen[c.cookies[dataName]] = true
			c.visit(func(s *visitor) { fieldVisits.Set(s.Session, 1); s.Renew() })
			seen[c.cookies[dataName]] = true
		}
		if len(seen) != 200 {
			t.Errorf("got %d different tokens in 200", len(seen))
		}
	})
}

// An id has 128 bits, and each of them is as often 0 as 1.
func TestIDsAreRandom(t *testing.T) {
	everyHome(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		r := newRig(t)
		const n = 1000
		seen := make(map[string]bool)
		var ones [128]int
		for range n {
			r.client().visit(func(s *visitor) {
				fieldUser.Set(s.Session, "hubo")
				seen[s.ID()] = true
				raw, err := base64.RawURLEncoding.DecodeString(s.ID())
				if err != nil || len(raw) != 16 {
					t.Fatalf("got an id of %d bytes, %v, want 16", len(raw), err)
				}
				for i := range ones {
					ones[i] += int(raw[i/8]>>(i%8)) & 1
				}
			})
		}
		if len(seen) != n {
			t.Errorf("got %d different ids in %d sessions", len(seen), n)
		}
		for i, count := range ones {
			if count < n*35/100 || count > n*65/100 { // 9 standard deviations
				t.Errorf("bit %d is 1 in %d of %d ids, want about half", i, count, n)
			}
		}
	})
}
