-- Appends events to the stream of what is told, and drops those that are too old.
-- With a partition, only if it has been told up to `before`; it then is up to `after`.
-- KEYS: told, telling.  ARGV: keep_ms, partition or '', before, after, events...
if ARGV[2] ~= '' then
  local told = redis.call('HGET', KEYS[2], ARGV[2]) or '0-0'
  if told ~= ARGV[3] then return false end
end
local now = redis.call('TIME')
local oldest = now[1] * 1000 + math.floor(now[2] / 1000) - ARGV[1]
local last = '0-0'
for place = 5, #ARGV do
  last = redis.call('XADD', KEYS[1], '*', 'event', ARGV[place])
end
redis.call('XTRIM', KEYS[1], 'MINID', '~', string.format('%.0f', oldest))
if ARGV[2] ~= '' then redis.call('HSET', KEYS[2], ARGV[2], ARGV[4]) end
return last
