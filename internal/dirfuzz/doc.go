// Package dirfuzz randomly edits packages with schemas between two runs of the generator, and checks its promises: no
// generated file is removed while its schema, or an unreadable file that may contain it, exists; a run that fails
// changes nothing; undoing the edit restores the output; and a change that would misread sessions in browsers is still
// refused.
//
// By default it makes a few hundred edits. To make more, with another seed:
//
//	go test ./internal/dirfuzz -edits 100000 -seed 7
package dirfuzz
