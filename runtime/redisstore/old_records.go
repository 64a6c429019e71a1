package redisstore

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// OldRecords has the sessions that a store of gorilla/sessions left in Redis, for package legacy. For
// boj/redistore, and so for gin-contrib/sessions/redis, it is used in
//
//	legacy.Gorilla{
//		Name:    "shop",
//		Keys:    [][]byte{secret},
//		Records: redisstore.OldRecords{Client: client, Prefix: "session_"},
//		Plain:   true,
//		Until:   time.Date(2030, 3, 1, 0, 0, 0, 0, time.UTC),
//	}
//
// For rbcervilla/redisstore leave Keys out, and set the prefix "session:".
type OldRecords struct {
	Client redis.UniversalClient

	// Prefix precedes a session's id in the name of its record.
	Prefix string
}

// An oldRecord is what Find returns.
type oldRecord struct {
	data []byte
	left time.Duration
}

// Find implements legacy.Records.
func (o OldRecords) Find(ctx context.Context, id string) (record []byte, left time.Duration, err error) {
	old, err := within(ctx, func() (oldRecord, error) { return o.find(ctx, o.Prefix+id) })
	return old.data, old.left, err
}

func (o OldRecords) find(ctx context.Context, name string) (old oldRecord, err error) {
	pipe := o.Client.Pipeline()
	left, get := pipe.PTTL(ctx, name), pipe.Get(ctx, name)
	if _, err = pipe.Exec(ctx); errors.Is(err, redis.Nil) {
		return oldRecord{}, nil
	}
	if err != nil {
		return oldRecord{}, err
	}
	data, err := get.Bytes()
	return oldRecord{data, max(left.Val(), 0)}, err // negative without an end
}

// Delete implements legacy.Records.
func (o OldRecords) Delete(ctx context.Context, id string) error {
	_, err := within(ctx, func() (int64, error) { return o.Client.Del(ctx, o.Prefix+id).Result() })
	return err
}
