// Package flask compares sessiongen with Flask's session: its tests run one script of
// requests against a Flask program and against a program of sessiongen's, and hold
// both to what docs/flask.md says of each step. It needs Debian's python3-flask:
//
//	go test ./flask
package flask

//go:generate go tool sessiongen

// session has what the script keeps in both sessions.
type session struct {
	User  string            `session:"user"`
	Theme string            `session:"theme,default=light"`
	Cart  []string          `session:"cart"`
	Prefs map[string]string `session:"prefs"`
}
