package redisstore

// First result of the write script.
const (
	written  = int64(1)
	conflict = int64(0)
	absent   = int64(-1)
)

// owner parses the head of a record. It returns the principal of a session, "" for a session without
// one, and nil for anything else. A session is a record with data.
const owner = `
local function head(record)
	return redis.call('GETRANGE', record, 0, 82)
end
local function owner(head)
	local n = string.byte(head, 18)
	if n and #head > 18 + n then
		return string.sub(head, 19, 18 + n)
	end
end
`

// An entry's score is the time at which it expires, in whole seconds. Its fractional part is the
// time at which it was dated, in units of 1024 seconds, modulo 65536. That cycle is longer than any
// record lives. An entry that must not be removed during a call is dated ahead.
const age = `
local function age(score, now)
	return (math.floor(now / 1024) - score % 1 * 65536) % 65536
end
local function ahead(age)
	return age >= 65528
end
`

// addEntry adds an entry to a principal's index, unless one exists that lasts as long as the record
// and was dated recently. An entry lasts longer than its record. So a record that is prolonged with
// each change does not need a new entry each time, and the clocks of nodes may differ. addEntry also
// removes expired entries.
const addEntry = age + `
local function addEntry(index, key, expires, fenced)
	expires = tonumber(expires) + 600
	local now = tonumber(redis.call('TIME')[1])
	local score = tonumber(redis.call('ZSCORE', index, key) or 0)
	local leaves, old = math.floor(score), age(score, now)
	if not fenced and leaves >= expires and (old < 2 or ahead(old)) then
		return
	end
	local dated = math.floor(now / 1024)
	if fenced then
		dated = dated + 4
	elseif ahead(old) then
		dated = dated + 65536 - old
	end
	if leaves < expires then
		leaves = expires + math.max(0, math.floor((expires - now) / 8))
	end
	redis.call('ZADD', index, leaves + dated % 65536 / 65536, key)
	redis.call('ZREMRANGEBYSCORE', index, '-inf', now)
	local last = redis.call('ZREVRANGE', index, 0, 0, 'WITHSCORES')[2]
	if last then
		redis.call('EXPIREAT', index, math.ceil(tonumber(last)))
	end
end
`

var (
	// writeScript stores a record if the current one begins with begin, or if there is none and
	// begin is empty. It returns the principal of the replaced session. The index, if given, is
	// written first, so that there is no record if there was no memory for its entry. On one node,
	// the entry of the replaced session is removed last, because it must stay if there was no memory
	// for the record.
	//
	// Keys: record, index. Arguments: begin, value, expires, key, prefix of the indexes if they are
	// on this node.
	writeScript = newScript(owner + addEntry + `
local was = head(KEYS[1])
if string.sub(was, 1, 9) ~= ARGV[1] then
	if was == '' then
		return {-1, ''}
	end
	return {0, ''}
end
if KEYS[2] then
	addEntry(KEYS[2], ARGV[4], ARGV[3])
end
redis.call('SET', KEYS[1], ARGV[2], 'EXAT', ARGV[3])
local left = owner(was) or ''
if ARGV[5] ~= '' and left ~= '' and ARGV[5] .. left ~= KEYS[2] then
	redis.call('ZREM', ARGV[5] .. left, ARGV[4])
end
return {1, left}
`)

	// enterScript is the part of a write in a Cluster that concerns the index. A fenced entry is not
	// removed by earlier writers.
	//
	// Keys: index. Arguments: expires, key, fenced.
	enterScript = newScript(addEntry + `
addEntry(KEYS[1], ARGV[2], ARGV[1], ARGV[3] == '1')
return 1
`)

	// leaveScript removes entries in a Cluster that were dated at least so many units ago, and not
	// ahead.
	//
	// Keys: index. Arguments: units, keys...
	leaveScript = newScript(age + `
local now = tonumber(redis.call('TIME')[1])
local keys = {}
for i = 2, #ARGV do
	local score = redis.call('ZSCORE', KEYS[1], ARGV[i])
	local old = score and age(tonumber(score), now)
	if old and old >= tonumber(ARGV[1]) and not ahead(old) then
		table.insert(keys, ARGV[i])
	end
end
if #keys > 0 then
	redis.call('ZREM', KEYS[1], unpack(keys))
end
return 1
`)

	// removeScript deletes records. which is '' for all of them, '*' for those with data, or a
	// principal for that principal's sessions. For each record it returns the principal of the
	// session that was deleted, or nil if the record stays or does not exist. On one node it also
	// removes index entries, and for a principal those without a session as well.
	//
	// Keys: records... Arguments: which, prefix of the indexes if they are on this node, keys...
	removeScript = newScript(owner + `
local function marks(head)
	local n = string.byte(head, 18)
	return n and n <= 64 and #head == 18 + n
end
local which, indexes = ARGV[1], ARGV[2]
local removed, records, entries = {}, {}, {}
for i, record in ipairs(KEYS) do
	local was = head(record)
	local whose = owner(was)
	local entry = which ~= '*' and which or ''
	removed[i] = false
	if was ~= '' and (which == '' or which == whose or which == '*' and not marks(was)) then
		table.insert(records, record)
		removed[i] = whose or ''
		entry = removed[i]
	end
	if indexes ~= '' and entry ~= '' then
		entries[entry] = entries[entry] or {}
		table.insert(entries[entry], ARGV[i + 2])
	end
end
if #records > 0 then
	redis.call('DEL', unpack(records))
end
for principal, keys in pairs(entries) do
	redis.call('ZREM', indexes .. principal, unpack(keys))
end
return removed
`)

	// pruneScript removes entries whose records are not the principal's, on one node.
	//
	// Keys: index, records... Arguments: principal, keys...
	pruneScript = newScript(owner + `
local keys = {}
for i = 2, #KEYS do
	if owner(head(KEYS[i])) ~= ARGV[1] then
		table.insert(keys, ARGV[i])
	end
end
if #keys > 0 then
	redis.call('ZREM', KEYS[1], unpack(keys))
end
return 1
`)
)
