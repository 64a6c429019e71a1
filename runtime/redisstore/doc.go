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
// A record that exists is always in the set of its principal: it gets there before or
// together with the record, and leaves not before it. The set may name records that are
// gone; List and DeleteByPrincipal look at each record. An entry leaves some time after
// its record would have expired, about an eighth of the time that the record had, with the next
// change of the set, which itself expires with its last entry. On one node and with
// Sentinel, List and DeleteByPrincipal also remove entries of records that were deleted.
//
// # Round trips
//
// Each method but DeleteAll, List and DeleteByPrincipal makes one, and one more when
// a server sees a script for the first time. In a Cluster, a record and the set of its
// principal are on different nodes, and so Insert and Replace make two for a record with
// a principal, the set first. List makes one, and one for each hundred records;
// so does DeleteByPrincipal. List begins again if a record was gone.
//
// A change is sent once. The client's MaxRetries does not apply to Insert and Replace, because
// a change that was done, but whose answer was lost, would meet itself as a conflict.
package redisstore
