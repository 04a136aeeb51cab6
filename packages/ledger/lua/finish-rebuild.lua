-- Ends a rebuild: the counters are to be believed from here on, unless the token that the rebuild began with is gone.
-- It goes with a FLUSHALL, and when the rebuild stood still for so long that another began.
--
-- KEYS: 1 the token, 2 the epoch. ARGV: 1 the token of this rebuild, 2 the epoch to set. Returns 1 when it was set.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[2], ARGV[2])
redis.call('DEL', KEYS[1])
return 1
