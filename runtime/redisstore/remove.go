package redisstore

import "context"

// Values of removeScript's argument which, apart from principals.
const (
	anyRecord = ""
	sessions  = "*"
)

// Delete implements [runtime.Store].
func (s *Store) Delete(ctx context.Context, key string) error {
	return s.within(ctx, func() error {
		_, err := s.remove(ctx, anyRecord, []string{key})
		return err
	})
}

// remove deletes the records that which selects, and their index entries. It returns the
// keys of the others.
func (s *Store) remove(ctx context.Context, which string, keys []string) (others []string, err error) {
	whose, err := s.removeRecords(ctx, which, keys)
	if err != nil {
		return nil, err
	}
	left := map[string][]string{} // by principal
	for i, key := range keys {
		switch principal, ok := whose[i].(string); {
		case !ok:
			others = append(others, key)
		case principal != "":
			left[principal] = append(left[principal], key)
		}
	}
	if s.joint {
		return others, nil
	}
	var calls []call
	for principal, keys := range left {
		calls = append(calls, s.leaving(principal, 0, keys))
	}
	_, err = s.runAll(ctx, leaveScript, calls...)
	return others, err
}

// removeRecords deletes records, and returns for each the principal of the session that it was, or
// nil. In a Cluster, each record may be on another node.
func (s *Store) removeRecords(ctx context.Context, which string, keys []string) (whose []any, err error) {
	var calls []call
	if s.joint {
		c := call{args: []any{which, s.index("")}}
		for _, key := range keys {
			c.keys, c.args = append(c.keys, s.record(key)), append(c.args, key)
		}
		calls = []call{c}
	} else {
		for _, key := range keys {
			calls = append(calls, call{keys: []string{s.record(key)}, args: []any{which, "", key}})
		}
	}
	values, err := s.runAll(ctx, removeScript, calls...)
	if err != nil {
		return nil, err
	}
	for _, v := range values {
		list, ok := v.([]any)
		if !ok {
			return nil, errDamaged
		}
		whose = append(whose, list...)
	}
	if len(whose) != len(keys) {
		return nil, errDamaged
	}
	return whose, nil
}
