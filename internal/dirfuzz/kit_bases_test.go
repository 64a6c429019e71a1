package dirfuzz

import "maps"

// files are the contents of a directory by their names. A name ending in / is a directory's.
type files map[string]string

// link as a file's content means a link to nothing.
const link = "-> nowhere.go"

// A base is a directory without errors.
type base struct {
	name string
	hand files
	runs []run
}

// A run is one call of the generator. Its environment is added to the process's own.
type run struct {
	types  []string
	output string
	env    []string
}

var plain = []run{{}}

var bases = []base{
	{"one schema", files{
		"doc.go":     "// Package web is a package.\npackage web\n",
		"session.go": "package web\n\n// session is what is remembered.\ntype session struct {\n\tA string `session:\"a,max=64\"`\n\tB Item `session:\"b\"`\n\tC []int `session:\"c\"`\n}\n\ntype Item struct{ N int }\n",
		"use.go":     "package web\n\nfunc use(s *Session) string { return s.GetA() }\n",
	}, plain},
	{"a file alone", files{
		"session.go": "package web\n\ntype session struct {\n\tA string `session:\"a\"`\n}\n",
	}, plain},
	{"two schemas, two files", files{
		"user.go":  "package web\n\ntype user struct {\n\tA string `session:\"a\"`\n\tI Item `session:\"i\"`\n}\n\ntype Item struct{ N int }\n",
		"admin.go": "package web\n\ntype admin struct {\n\tA string `session:\"a\"`\n\tI Item `session:\"i\"`\n}\n",
		"doc.go":   "package web\n",
	}, []run{{types: []string{"user"}, output: "user_gen.go"}, {types: []string{"admin"}, output: "admin_gen.go"}}},
	{"two schemas, one file", files{
		"user.go":  "package web\n\ntype user struct {\n\tA string `session:\"a\"`\n}\n",
		"admin.go": "package web\n\ntype admin struct {\n\tA string `session:\"a\"`\n}\n",
	}, plain},
	{"schemas of tests", files{
		"session.go":      "package web\n\ntype session struct {\n\tA string `session:\"a\"`\n}\n",
		"session_test.go": "package web\n\ntype probe struct {\n\tA string `session:\"a\"`\n}\n",
		"outer_test.go":   "package web_test\n\ntype session struct {\n\tA string `session:\"a\"`\n}\n",
	}, plain},
	{"a build line", files{
		"session.go": "//go:build linux\n\npackage web\n\ntype session struct {\n\tA string `session:\"a\"`\n}\n",
		"doc.go":     "package web\n",
	}, plain},
	{"a name with a system in it", files{
		"session_linux.go": "package web\n\ntype session struct {\n\tA string `session:\"a\"`\n}\n",
		"doc.go":           "package web\n",
	}, plain},
	{"a schema for each system", files{
		"session_linux.go":   "package web\n\ntype session struct {\n\tA string `session:\"a\"`\n}\n",
		"session_windows.go": "package web\n\ntype session struct {\n\tA string `session:\"a\"`\n\tW int `session:\"w\"`\n}\n",
		"doc.go":             "package web\n",
	}, []run{
		{output: "session_linux_gen.go", env: []string{"GOOS=linux"}},
		{output: "session_windows_gen.go", env: []string{"GOOS=windows"}},
	}},
	{"cgo", files{
		"session.go": "package web\n\n// static int one(void) { return 1; }\nimport \"C\"\n\ntype session struct {\n\tA string `session:\"a\"`\n}\n",
		"doc.go":     "package web\n",
	}, []run{{env: []string{"CGO_ENABLED=1"}}}},
}

// breaking are changed files. The generator must refuse each of them.
func (b base) breaking() files {
	changed := maps.Clone(b.hand)
	for name, text := range changed {
		changed[name] = replaceOnce(text, "\tA string", "\tA []int")
	}
	return changed
}
