-- Hold a lease for a while longer, take it if it is free, or give it up; say whether it is held.
--
-- KEYS  1 lease      ARGV  1 token   2 milliseconds; 0: give it up
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
if tonumber(ARGV[2]) > 0 then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return 1
end
if holder then redis.call('DEL', KEYS[1]) end
return 0
