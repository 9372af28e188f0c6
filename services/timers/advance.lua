-- Set and remove timers of one partition as the log says, or find that somebody else has.
--
-- KEYS  1 timers
-- ARGV  1 the mark that is expected, empty for none   2 the mark after this
--       3 how many timers are set: score, timer       then those that are removed
-- Returns 1, or 0 when the mark is another one.
local mark = redis.call('ZREVRANGE', KEYS[1], 0, 0)[1] or ''
if mark ~= ARGV[1] then return 0 end
local set_until = 3 + 2 * ARGV[3]
for i = 4, set_until, 2 do
  redis.call('ZADD', KEYS[1], ARGV[i], ARGV[i + 1])
end
for i = set_until + 1, #ARGV do
  redis.call('ZREM', KEYS[1], ARGV[i])
end
if mark ~= '' then redis.call('ZREM', KEYS[1], mark) end
redis.call('ZADD', KEYS[1], '+inf', ARGV[2])
return 1
