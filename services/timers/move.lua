-- Let timers be due at another millisecond, or remove them, if they are still due when they were.
--
-- KEYS  1 timers      ARGV  timer, due millisecond, the next one or empty, for each
-- Returns for each timer whether that was so.
local moved = {}
for i = 1, #ARGV, 3 do
  local due = redis.call('ZSCORE', KEYS[1], ARGV[i])
  local is_due = due and tonumber(due) == tonumber(ARGV[i + 1])
  if is_due and ARGV[i + 2] == '' then
    redis.call('ZREM', KEYS[1], ARGV[i])
  elseif is_due then
    redis.call('ZADD', KEYS[1], ARGV[i + 2], ARGV[i])
  end
  moved[#moved + 1] = is_due and 1 or 0
end
return moved
