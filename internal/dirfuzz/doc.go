// Package dirfuzz edits the files of packages with schemas at random between two runs of the generator, and holds
// it to its promises: no generated file is gone while its schema, or a file that cannot be read and may hold it, is
// there; a run that fails changes nothing; after the edit is undone the output is what it was; and a change that
// would misread what browsers hold is refused as before.
//
// By default it makes a few hundred edits. For more, with a seed of one's own:
//
//	go test ./internal/dirfuzz -edits 100000 -seed 7
package dirfuzz
