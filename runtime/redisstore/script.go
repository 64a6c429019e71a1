package redisstore

import (
	"context"
	"crypto/fips140"

	"github.com/redis/go-redis/v9"
)

// A script is identified by its hash, once a server has seen it.
type script struct{ source, hash string }

// newScript returns a script. Redis identifies scripts by SHA-1. Go rejects SHA-1 if only FIPS 140-3
// is allowed, but as a name it protects nothing.
func newScript(source string) (sc script) {
	fips140.WithoutEnforcement(func() {
		sc = script{source, redis.NewScript(source).Hash()}
	})
	return sc
}

// A call is one call of a script.
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

// once is a command that the client does not repeat if its answer is lost.
type once struct{ *redis.Cmd }

func (once) NoRetry() bool { return true }

// runOnce runs a script that must not be repeated if its answer is lost.
func (s *Store) runOnce(ctx context.Context, sc script, c call) (any, error) {
	run := func(name, script string) (any, error) {
		cmd := c.command(ctx, name, script)
		if err := s.client.Process(ctx, once{cmd}); err != nil {
			return nil, err
		}
		return cmd.Result()
	}
	v, err := run("evalsha", sc.hash)
	if unseen(err) {
		v, err = run("eval", sc.source)
	}
	return v, err
}

// runAll runs calls of a script that may be repeated, in one round trip to each node, and returns
// their results.
func (s *Store) runAll(ctx context.Context, sc script, calls ...call) ([]any, error) {
	values := make([]any, len(calls))
	var again []int // calls for which a server did not know the script
	run := func(name, script string, which []int) error {
		cmds := make([]*redis.Cmd, len(which))
		_, err := s.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			for i, of := range which {
				cmds[i] = calls[of].command(ctx, name, script)
				_ = pipe.Process(ctx, cmds[i])
			}
			return nil
		})
		if err != nil && !unseen(err) {
			return err
		}
		for i, of := range which {
			if values[of], err = cmds[i].Result(); unseen(err) {
				again = append(again, of)
			} else if err != nil {
				return err
			}
		}
		return nil
	}
	all := make([]int, len(calls))
	for i := range all {
		all[i] = i
	}
	err := run("evalsha", sc.hash, all)
	if err == nil && len(again) > 0 {
		err = run("eval", sc.source, again)
	}
	return values, err
}

// unseen reports whether err means that a server did not know the script.
func unseen(err error) bool {
	return redis.HasErrorPrefix(err, "NOSCRIPT")
}
