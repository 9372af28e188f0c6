-- Commit one batch to one partition, or change nothing.
--
-- KEYS  1 head   2 transitions   3 snapshots   4 dead letters   5 lease
--       6.. reply streams, and after them sets of waiting task runs
-- ARGV  1 lease token, empty when none is held
--       2-4 the expected head: offset, entry id, hash      5-7 the head after it, likewise
--       8-13 how many values of each follow:
--            entries         id, proposal id, hash, decision
--            snapshots       field, value
--            forgotten       field
--            dead letters    offset, proposal, reason, field or empty
--            replies         place among the reply streams, reply
--            enqueued        place among the sets, score, task run
--       14 how many reply streams there are
--       15 the lengths of all these values, as a MessagePack list   16 the values, end to end:
--          a thousand arguments would cost the client more than everything else here
-- Returns OK, LEASE or CONFLICT; an error reply when the log is not as we wrote it.
--
-- Redis does not undo what a failed script wrote. So everything that can fail is tried before the
-- first write, and the first write is the one that Redis refuses when it is full or read-only.

local START, GENESIS = '0-0', string.rep('0', 64)
local REPLIES_MAX, REPLIES_SECONDS = 10000, 600
local VALUES_MAX = 4000 -- even, for they come in pairs; Lua's stack holds 8000

local head = redis.call('HMGET', KEYS[1], 'offset', 'entry_id', 'hash')
local offset, entry_id, hash = head[1] or START, head[2] or START, head[3] or GENESIS

-- an attempt whose answer got lost has been here: it stands, and the lease no longer matters
if offset == ARGV[5] and entry_id == ARGV[6] and hash == ARGV[7] then return 'OK' end

if ARGV[1] ~= '' and redis.call('GET', KEYS[5]) ~= ARGV[1] then return 'LEASE' end
if offset ~= ARGV[2] or entry_id ~= ARGV[3] or hash ~= ARGV[4] then return 'CONFLICT' end

local last = START
if redis.call('EXISTS', KEYS[2]) == 1 then
  local about = redis.call('XINFO', 'STREAM', KEYS[2])
  for i = 1, #about, 2 do
    if about[i] == 'last-generated-id' then last = about[i + 1] end
  end
end
if last ~= entry_id then
  return redis.error_reply('CORRUPT head is at ' .. entry_id .. ', transitions end at ' .. last)
end
local values, from = cmsgpack.unpack(ARGV[15]), 1
for i = 1, #values do
  local length = values[i]
  values[i] = string.sub(ARGV[16], from, from + length - 1)
  from = from + length
end
redis.call('HLEN', KEYS[3])
redis.call('XLEN', KEYS[4])
local replies = 5 + ARGV[14]
for i = replies + 1, #KEYS do
  redis.call('ZCARD', KEYS[i])
end

local written = redis.pcall(
  'HSET', KEYS[1], 'offset', ARGV[5], 'entry_id', ARGV[6], 'hash', ARGV[7])
if type(written) == 'table' then
  -- 6.2 says where before it says what, 7.0 does not: clients know errors by their first word
  return redis.error_reply((string.gsub(written.err, '^@user_script: %d+: %-?', '')))
end

local at, stop, previous = 1, tonumber(ARGV[8]), hash
while at <= stop do
  local own = values[at + 2]
  redis.call('XADD', KEYS[2], values[at], 'decision', values[at + 3],
    'proposal_id', values[at + 1], 'previous', previous, 'hash', own)
  previous, at = own, at + 4
end

stop = stop + ARGV[9]
while at <= stop do
  local upto = math.min(at + VALUES_MAX - 1, stop)
  redis.call('HSET', KEYS[3], unpack(values, at, upto))
  at = upto + 1
end

stop = stop + ARGV[10]
while at <= stop do
  local upto = math.min(at + VALUES_MAX - 1, stop)
  redis.call('HDEL', KEYS[3], unpack(values, at, upto))
  at = upto + 1
end

stop = stop + ARGV[11]
while at <= stop do
  redis.call('XADD', KEYS[4], '*', 'offset', values[at], 'proposal', values[at + 1],
    'reason', values[at + 2], 'field', values[at + 3])
  at = at + 4
end

-- proposers choose the names of reply streams, so that one may be unusable: it gets no reply
stop = stop + ARGV[12]
while at <= stop do
  redis.pcall('XADD', KEYS[5 + values[at]], 'MAXLEN', '~', REPLIES_MAX, '*',
    'reply', values[at + 1])
  at = at + 2
end
for i = 6, replies do
  redis.call('EXPIRE', KEYS[i], REPLIES_SECONDS)
end

stop = stop + ARGV[13]
while at <= stop do
  redis.call('ZADD', KEYS[replies + values[at]], values[at + 1], values[at + 2])
  at = at + 3
end
return 'OK'
