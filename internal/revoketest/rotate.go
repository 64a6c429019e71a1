package revoketest

import "github.com/sessiongen/sessiongen/runtime"

const (
	keyA = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
	keyB = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8"
)

// A ring names the keys of a node.
type ring uint8

const (
	ringOldFirst ring = iota // the older key still seals
	ringBoth
	ringWithout // without the older key
)

func (r ring) keys() runtime.Keys {
	keys, err := runtime.ParseKeys([...]string{keyB + " " + keyA, keyA + " " + keyB, keyA}[r])
	if err != nil {
		panic(err)
	}
	return keys
}

// rotate gives a node its next ring: first the older key moves behind the other one on both nodes, then it leaves, and
// then it returns and leaves again.
func (r *run) rotate(node int) {
	n, other := r.nodes[node], r.nodes[1-node]
	switch n.ring {
	case ringOldFirst, ringWithout:
		n.ring = ringBoth
	case ringBoth:
		if other.ring == ringOldFirst { // it could not open the other's tokens
			return
		}
		n.ring = ringWithout
	}
	r.log("node %d has ring %d", node, n.ring)
	if err := n.manager.SetKeys(n.ring.keys()); err != nil {
		panic(err)
	}
}
