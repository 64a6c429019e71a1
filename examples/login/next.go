package main

import (
	"net/url"
	"strings"
)

// local returns the page of this site that next names, or the front page: a link to
// the log-in must not lead on to another site.
func local(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(u.Path, "/") {
		return "/"
	}
	// Browsers take a second slash, or a backslash, for the beginning of a host name.
	if strings.HasPrefix(u.Path, "//") || strings.Contains(u.Path, `\`) {
		return "/"
	}
	return (&url.URL{Path: u.Path, RawQuery: u.RawQuery}).String()
}
