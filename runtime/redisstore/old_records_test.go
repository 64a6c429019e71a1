package redisstore_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/sessiongen/sessiongen/runtime/legacy"
	"github.com/sessiongen/sessiongen/runtime/redisstore"
)

var _ legacy.Records = redisstore.OldRecords{}

func TestOldRecords(t *testing.T) {
	eachKind(t, func(t *testing.T, client redis.UniversalClient) {
		ctx := t.Context()
		old := redisstore.OldRecords{Client: client, Prefix: "session_"}
		must(t, client.Set(ctx, "session_A", "a", time.Hour).Err())
		must(t, client.Set(ctx, "session_B", "b", 0).Err())
		must(t, client.Set(ctx, "session_empty", "", 0).Err())
		must(t, client.Set(ctx, "C", "c", 0).Err())
		for id, want := range map[string]string{"A": "a", "B": "b", "empty": ""} {
			record, left, err := old.Find(ctx, id)
			if err != nil || record == nil || string(record) != want {
				t.Errorf("Find of %s: got %q, %v, want %q", id, record, err, want)
			}
			if limited := id == "A"; limited != (left > 0) || left < 0 || left > time.Hour {
				t.Errorf("Find of %s: got a remaining life of %v", id, left)
			}
		}
		for range 2 { // the second time the record is already gone
			must(t, old.Delete(ctx, "A"))
		}
		for _, id := range []string{"A", "C", ""} {
			if record, left, err := old.Find(ctx, id); record != nil || left != 0 || err != nil {
				t.Errorf("Find of %q: got %q, %v, %v, want no record", id, record, left, err)
			}
		}
		if n, err := client.Exists(ctx, "C").Result(); n != 1 || err != nil {
			t.Errorf("a key without the prefix: got %d, %v, want 1", n, err)
		}
		must(t, client.HSet(ctx, "session_hash", "x", "y").Err())
		if _, _, err := old.Find(ctx, "hash"); err == nil {
			t.Error("Find of a value that is not a string succeeded")
		}
	})
}

func TestOldRecordsWithoutServer(t *testing.T) {
	server := startServer(t)
	old := redisstore.OldRecords{Client: redis.NewClient(&redis.Options{Addr: server.addr()})}
	server.kill()
	if record, _, err := old.Find(t.Context(), "A"); err == nil {
		t.Errorf("Find without a server returns %q", record)
	}
	if err := old.Delete(t.Context(), "A"); err == nil {
		t.Error("Delete without a server succeeded")
	}
}
