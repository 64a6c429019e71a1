package redisstore

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// What the write script returns.
const (
	written  = 1
	conflict = 0
	absent   = -1
)

// indexEntry adds an entry to a principal's index, unless there is one that stays for
// as long as the record. It stays for longer, so that a record which is prolonged
// with each change does not need a new one each time, and because the clocks of nodes
// differ. Entries whose time has passed are removed.
const indexEntry = `
local function addEntry(index, key, expires)
	expires = tonumber(expires) + 600
	local has = redis.call('ZSCORE', index, key)
	if has and tonumber(has) >= expires then
		return
	end
	local now = redis.call('TIME')[1]
	local leaves = expires + math.max(0, math.floor((expires - now) / 8))
	redis.call('ZADD', index, leaves, key)
	redis.call('ZREMRANGEBYSCORE', index, '-inf', now)
	local last = redis.call('ZREVRANGE', index, 0, 0, 'WITHSCORES')[2]
	if last then
		redis.call('EXPIREAT', index, last)
	end
end
`

// owned tells whether a record is a principal's.
const owned = `
local function owned(record, principal)
	local head = redis.call('GETRANGE', record, 17, 17 + #principal)
	return head == string.char(#principal) .. principal
end
`

var (
	// writeScript stores a record in place of one that begins as told, or of none.
	// The index, if given, comes first: were there no memory for it, there
	// would be no record either.
	//
	// Keys: record, index. Arguments: begin, value, expires, key.
	writeScript = newScript(indexEntry + `
local begin = redis.call('GETRANGE', KEYS[1], 0, 8)
if begin ~= ARGV[1] then
	if begin == '' then
		return -1
	end
	return 0
end
if KEYS[2] then
	addEntry(KEYS[2], ARGV[4], ARGV[3])
end
redis.call('SET', KEYS[1], ARGV[2], 'EXAT', ARGV[3])
return 1
`)

	// indexScript is the first half of a write in a Cluster.
	//
	// Keys: index. Arguments: expires, key.
	indexScript = newScript(indexEntry + `
addEntry(KEYS[1], ARGV[2], ARGV[1])
return 1
`)

	// removeScript deletes a record if it is the principal's, and its entry.
	//
	// Keys: record, index. Arguments: principal, key.
	removeScript = newScript(owned + `
if owned(KEYS[1], ARGV[1]) then
	redis.call('DEL', KEYS[1])
end
if KEYS[2] then
	redis.call('ZREM', KEYS[2], ARGV[2])
end
return 1
`)

	// pruneScript removes the entry of a record that is not the principal's.
	//
	// Keys: record, index. Arguments: principal, key.
	pruneScript = newScript(owned + `
if not owned(KEYS[1], ARGV[1]) then
	redis.call('ZREM', KEYS[2], ARGV[2])
end
return 1
`)
)

// A script is known to a server by its hash, once it has seen it.
type script struct{ source, hash string }

func newScript(source string) script {
	return script{source, redis.NewScript(source).Hash()}
}

// A call is a run of a script.
type call struct {
	keys []string
	args []any
}

func (c call) command(ctx context.Context, name, script string) *redis.Cmd {
	all := make([]any, 0, 3+len(c.keys)+len(c.args))
	all = append(all, name, script, len(c.keys))
	for _, key := range c.keys {
		all = append(all, key)
	}
	return redis.NewCmd(ctx, append(all, c.args...)...)
}

// once is a command that the client does not send again if it gets no answer.
type once struct{ *redis.Cmd }

func (once) NoRetry() bool { return true }

// runOnce runs a script that must not be run again if its answer is lost.
func (s *Store) runOnce(ctx context.Context, sc script, c call) (int, error) {
	run := func(name, script string) (int, error) {
		cmd := c.command(ctx, name, script)
		if err := s.client.Process(ctx, once{cmd}); err != nil {
			return 0, err
		}
		return cmd.Int()
	}
	n, err := run("evalsha", sc.hash)
	if unseen(err) {
		n, err = run("eval", sc.source)
	}
	return n, err
}

// runAll runs a script that may be repeated, with one round trip to each node.
func (s *Store) runAll(ctx context.Context, sc script, calls []call) error {
	cmds := make([]*redis.Cmd, len(calls))
	_, err := s.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for i, c := range calls {
			cmds[i] = c.command(ctx, "evalsha", sc.hash)
			_ = pipe.Process(ctx, cmds[i])
		}
		return nil
	})
	if err != nil && !unseen(err) {
		return err
	}
	for i, cmd := range cmds {
		err := cmd.Err()
		if unseen(err) {
			err = s.client.Process(ctx, calls[i].command(ctx, "eval", sc.source))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// unseen reports whether a server did not know a script.
func unseen(err error) bool {
	return redis.HasErrorPrefix(err, "NOSCRIPT")
}
