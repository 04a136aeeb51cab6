-- Finishes a rebuild: sets the epoch, so that the counters are trusted. Refuses if the token of the rebuild is gone: a FLUSHALL
-- deleted it, or it expired.
--
-- KEYS: 1 the token, 2 the epoch. ARGV: 1 the token of this rebuild, 2 the epoch to set. Returns 1 if the epoch was set, else
-- 0.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[2], ARGV[2])
redis.call('DEL', KEYS[1])
return 1
