// Package redisstore keeps sessions in Redis, 6.2 or newer, or in what speaks as it does: one node,
// Sentinel, or a Cluster.
//
//	client := redis.NewUniversalClient(&redis.UniversalOptions{
//		Addrs:                 []string{"127.0.0.1:6379"},
//		ContextTimeoutEnabled: true,
//	})
//	sessions, err := web.NewSessionManager(runtime.Config{
//		Keys:  keys,
//		Store: redisstore.New(client, redisstore.Options{}),
//	})
//
// # Settings of the server
//
//   - maxmemory-policy noeviction, which is the default. With any other policy, a
//     server that is full removes sessions that are still valid, and with
//     Config.Revocations also what says that a session was revoked. With noeviction,
//     a full server refuses changes, which is a failure of the store until
//     records expire; reading goes on, but for sessions whose time of last use, or key,
//     is due for a renewal.
//   - appendonly yes and appendfsync always: what was acknowledged outlives a crash of
//     the server and of its machine. With appendfsync everysec it outlives a crash of the
//     server, and a crash of the machine loses about the last second. Without
//     appendonly, a restart returns to the last snapshot: changes are undone, and
//     sessions that were destroyed since come back.
//   - Replicas are asynchronous: a failover loses what was acknowledged but not yet
//     replicated, which can revive a session that was destroyed just before.
//     min-replicas-to-write bounds the time in which that can happen.
//   - A replica refuses changes, and so fails as a store.
//   - The server's clock tells what has expired, so that all programs agree about it. It
//     should be synchronized with theirs.
//
// # Settings of the client
//
//   - ContextTimeoutEnabled: a call returns when its context ends in any case, but
//     without this its connection stays busy until the client's own ReadTimeout.
//   - Not ReadOnly, RouteByLatency, RouteRandomly or ReplicaOnly: replicas lag, so
//     that a session which was destroyed could still be read.
//
// # What is stored
//
// A record is one string: prefix, "r:", key. It expires by itself. The records of a
// principal are found by a sorted set of their keys by expiry: prefix, "p:", principal.
//
// A session that exists is always in the set of its principal: it gets there before or
// together with its record, and leaves not before it. A record without data is in none. On one
// node and with Sentinel an entry leaves together with its session; the script that does so works out
// the name of the set. In a Cluster it leaves right after its session, and may stay if that fails.
// So the set may name records that are gone; List and DeleteByPrincipal look at each record, and
// remove such entries, in a Cluster those that were added more than an hour or so ago. Each leaves by itself
// some time after its record would have expired, about an eighth of the time that the record had,
// with the next change of the set, which itself expires with its last entry.
//
// # Round trips
//
// Load, Insert, Replace and Delete make one, and one more when a server sees a script for the
// first time. In a Cluster, a record and the set of its principal are on different nodes, and so
// Insert and Replace make one more for a session with a principal, the set first, and Replace and
// Delete one more for one that leaves its principal. List makes one, and one for each hundred
// records; it reads the set again, up to eight times, if a record was gone. DeleteByPrincipal makes
// one, and one for each thousand records, or up to three in a Cluster; each thousand stay deleted
// if it is cut off.
//
// A change is sent once. The client's MaxRetries does not apply to Insert and Replace, because
// a change that was done, but whose answer was lost, would meet itself as a conflict.
package redisstore
