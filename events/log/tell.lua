-- Appends events to the stream of what is told, and drops those that are too old.
-- KEYS: told.  ARGV: keep_ms, events...
local now = redis.call('TIME')
local oldest = now[1] * 1000 + math.floor(now[2] / 1000) - ARGV[1]
local last = '0-0'
for place = 2, #ARGV do
  last = redis.call('XADD', KEYS[1], '*', 'event', ARGV[place])
end
redis.call('XTRIM', KEYS[1], 'MINID', '~', string.format('%.0f', oldest))
return last
