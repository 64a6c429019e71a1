// Package modpath helps to compare import paths of packages whose modules have several major versions.
package modpath

import (
	"slices"
	"strings"
)

// WithoutMajor returns a path without those of its elements that are a major version, such as v2.
func WithoutMajor(path string) string {
	return strings.Join(slices.DeleteFunc(strings.Split(path, "/"), isMajor), "/")
}

func isMajor(element string) bool {
	return len(element) > 1 && element[0] == 'v' && strings.Trim(element[1:], "0123456789") == ""
}
