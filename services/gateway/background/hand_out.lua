-- Hand out the first task run that waits, or nothing.
--
-- KEYS  1 waiting   2 handed out      ARGV  1 milliseconds until it waits again
-- What was handed out and not acknowledged in time goes first.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local overdue = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, 1)[1]
local run = overdue or (redis.call('ZPOPMIN', KEYS[1]))[1]
if not run then return nil end
redis.call('ZADD', KEYS[2], now + ARGV[1], run)
return run
