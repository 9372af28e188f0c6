-- Put a task run back that was handed out and not acknowledged, before all that wait.
--
-- KEYS  1 waiting   2 handed out      ARGV  1 the run

if redis.call('ZREM', KEYS[2], ARGV[1]) == 1 then
  redis.call('ZADD', KEYS[1], '-inf', ARGV[1])
end
