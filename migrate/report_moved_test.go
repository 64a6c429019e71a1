package migrate

import (
	"slices"
	"strings"
	"testing"
)

// TestMapping follows every line of a file through a change of it.
func TestMapping(t *testing.T) {
	for _, test := range []struct {
		old, new string // each letter is a line
		want     []int
	}{
		{"abcd", "abcd", []int{1, 2, 3, 4}},
		{"abcd", "xyabcd", []int{3, 4, 5, 6}},
		{"abcd", "aXYd", []int{1, 2, 3, 4}},
		{"abcd", "aXd", []int{1, 2, 2, 3}},
		{"abcd", "ad", []int{1, 2, 2, 2}},
		{"abcdefghijklmnopqrst", "abXYdefghijklmnopqst", []int{1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 19, 20}},
	} {
		m := mappingOf(lines(test.old), lines(test.new))
		var got []int
		for i := range len(test.old) {
			got = append(got, m.line(i+1))
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s to %s: got %v, want %v", test.old, test.new, got, test.want)
		}
	}
}

func lines(text string) []byte { return []byte(strings.Join(strings.Split(text, ""), "\n") + "\n") }
