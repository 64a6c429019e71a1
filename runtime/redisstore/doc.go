// Package redisstore keeps sessions in Redis 6.2 or newer, or in a server with the same protocol: one
// node, Sentinel, or a Cluster.
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
//     full server evicts sessions that are still valid, and with Config.Revocations
//     also revocations. With noeviction, a full server refuses writes until records
//     expire, which is a failure of the store. Reads still work, except for sessions
//     whose time of last use or key is due for a renewal.
//   - appendonly yes and appendfsync always: acknowledged writes survive a crash of
//     the server and of its machine. With appendfsync everysec they survive a crash of
//     the server, and a crash of the machine loses about the last second. Without
//     appendonly, a restart returns to the last snapshot: later changes are undone, and
//     sessions that were destroyed since then come back.
//   - Replication is asynchronous: a failover loses writes that were acknowledged but
//     not yet replicated, which can revive a session that was just destroyed.
//     min-replicas-to-write limits the time in which that can happen.
//   - A replica refuses writes, and so fails as a store.
//   - The server's clock decides what has expired, so all programs agree about it. It
//     should be synchronized with theirs.
//
// # Settings of the client
//
//   - ContextTimeoutEnabled: true. A call always returns when its context ends, but
//     without this setting its connection stays busy until the client's ReadTimeout.
//   - Not ReadOnly, RouteByLatency, RouteRandomly or ReplicaOnly: replicas lag, so
//     a destroyed session could still be read.
//
// # What is stored
//
// A record is one string: prefix, "r:", key. It expires by itself. A principal's records are found by
// a sorted set of their keys, ordered by expiry: prefix, "p:", principal.
//
// An existing session is always in the set of its principal. Its entry is added before or together with
// its record, and never removed earlier. A record without data is in no set. On one node and with
// Sentinel, a script removes the entry together with the session, and computes the name of the set. In
// a Cluster, the entry is removed right after the session, and stays if that fails. So the set may
// contain keys of records that are gone. List and DeleteByPrincipal examine each record and remove such
// entries; in a Cluster they remove those that were added more than about an hour ago. Each entry also
// expires some time after its record, an eighth of the record's lifetime later, and is then removed by
// the next change of the set. The set itself expires with its last entry.
//
// # Round trips
//
// Load, Insert, Replace and Delete take one round trip, and one more when a server sees a script for the
// first time. In a Cluster, a record and the set of its principal are on different nodes. So Insert and
// Replace take one more for a session with a principal, the set first. Replace and Delete take one
// more for a session that leaves its principal. List takes one, and one for each hundred records. It
// reads the set again, up to eight times, if a record was gone. DeleteByPrincipal takes one, and one for
// each thousand records, or up to three in a Cluster. If it is cut off, each completed thousand stay
// deleted.
//
// A write is sent once. The client's MaxRetries does not apply to Insert and Replace: if a write was
// done but its answer was lost, a repetition would conflict with it.
package redisstore
