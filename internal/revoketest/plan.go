// Package revoketest draws concurrent actions of visitors and administrators on two nodes and one store, and checks
// the promise of revocation: once a revocation returns, everything that was authenticated before it was called is
// dead, and nothing else is.
//
// Each operation is a goroutine that stops before every call of the store. A plan says which one goes on next, so that
// the same plan always does the same.
package revoketest

import "fmt"

// A Plan is one run.
type Plan struct {
	Revocations bool     // sessions are in cookies, not in the store
	Schemas     [2]uint8 // of the nodes
	Skews       [2]uint8 // of their clocks
	Swap        bool     // the nodes have the same two keys in another order
	Rotates     bool     // instead, a key leaves the nodes' rings and returns
	LastFirst   bool     // at the end, the operation that began last goes on first
	Moves       []Move
}

// A Move starts an operation, or lets one go on. All numbers are valid.
type Move struct {
	Do   uint8
	Node uint8
	Whom uint8 // the cookie, the principal or the operation
	More uint8
}

func (p Plan) String() string {
	text := fmt.Sprintf("revocations %v, schemas %v %v, skews %v %v, other order of keys %v, rotates %v",
		p.Revocations, schema(p.Schemas[0]%uint8(schemas)), schema(p.Schemas[1]%uint8(schemas)), p.skew(0), p.skew(1), p.Swap, p.Rotates)
	return text
}

// Random returns a plan from random bytes, for sessions in a store.
func Random(next func() uint8, moves int) Plan {
	p := Plan{
		Schemas: [2]uint8{0, next()},
		Skews:   [2]uint8{next(), next()},
		Swap:    next()%4 == 0,
		Rotates: next()%2 == 0,

		LastFirst: next()%2 == 0,
	}
	for range moves {
		p.Moves = append(p.Moves, Move{next(), next(), next(), next()})
	}
	return p
}
