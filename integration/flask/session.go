// Package flask compares sessiongen with Flask's session: its tests run one script of requests against a Flask program
// and against one of sessiongen, and compare both with docs/flask.md, step by step. It needs Debian's python3-flask:
//
//	go test ./flask
package flask

//go:generate go tool sessiongen

// session has the values that the script keeps in both sessions.
type session struct {
	User  string            `session:"user"`
	Theme string            `session:"theme,default=light"`
	Cart  []string          `session:"cart"`
	Prefs map[string]string `session:"prefs"`
}
