// Package migrate finds what a program keeps in the sessions of another library, and rewrites it.
package migrate

// Config says what to migrate.
type Config struct {
	Dir      string   // an absolute path
	Patterns []string // of packages, as the go command takes them
	Tags     string   // build tags, separated by commas
	Tests    bool     // tests, too

	overlay map[string][]byte
}
