package redisstore

// What the write script returns first.
const (
	written  = int64(1)
	conflict = int64(0)
	absent   = int64(-1)
)

// owner reads the head of a record. A session is a record with data; who it belongs to is empty if
// it is nobody's, and nil stands for anything else.
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

// An entry's score is when it leaves, in whole seconds, and after the point when it was
// dated: in units of 1024 seconds, of which 65536 make a cycle that is longer than any
// record lives. An entry that must not be removed as long as a call may take is dated ahead.
const age = `
local function age(score, now)
	return (math.floor(now / 1024) - score % 1 * 65536) % 65536
end
local function ahead(age)
	return age >= 65528
end
`

// addEntry adds an entry to a principal's index, unless there is one that stays for
// as long as the record and was dated lately. It stays for longer, so that a record which is
// prolonged with each change does not need a new one each time, and because the clocks of nodes
// differ. Entries whose time has passed are removed.
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
	// writeScript stores a record in place of one that begins as told, or of none, and
	// returns whose session was there. The index, if given, comes first: were there no
	// memory for it, there would be no record either. On one node, the entry of the session
	// that was there goes last: were there no memory for the record, it would have to stay.
	//
	// Keys: record, index. Arguments: begin, value, expires, key, what names of indexes begin
	// with if they are on this node.
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

	// enterScript is the half of a write in a Cluster that is about the index. A fenced entry
	// is not removed by who wrote before.
	//
	// Keys: index. Arguments: expires, key, fenced.
	enterScript = newScript(addEntry + `
addEntry(KEYS[1], ARGV[2], ARGV[1], ARGV[3] == '1')
return 1
`)

	// leaveScript removes entries in a Cluster that were dated so many units ago, and not ahead.
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

	// removeScript deletes records: '' any, '*' those that are not without data, or else the
	// sessions of that principal. For each it returns whose session it was, or nil if the
	// record stays or there is none. On one node it also removes the entries, and of a principal
	// those that have no session of its own.
	//
	// Keys: records... Arguments: which, what names of indexes begin with if they are on this
	// node, keys...
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

	// pruneScript removes the entries of records that are not the principal's, on one node.
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
