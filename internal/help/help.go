// Package help holds the texts of the command's help.
package help

import (
	"embed"
	"slices"
	"strings"
)

//go:embed *.txt
var files embed.FS

// Topics lists the topics with a text, in alphabetical order.
func Topics() (topics []string) {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err) // they are part of the program
	}
	for _, e := range entries {
		topics = append(topics, strings.TrimSuffix(e.Name(), ".txt"))
	}
	slices.Sort(topics)
	return topics
}

// Text is the text of a topic; ok is false if there is none.
func Text(topic string) (text string, ok bool) {
	b, err := files.ReadFile(topic + ".txt")
	return string(b), err == nil
}
