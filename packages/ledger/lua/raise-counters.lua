-- Raises counters of one ad: each becomes the greater of what it holds and what Postgres counted. Doing it twice, or in
-- another order, ends the same. One script, so that no reader sees a window that is ahead of the total.
--
-- KEYS: the hashes that are written. ARGV: the expiry of each hash in seconds (0: none), in the order of KEYS;
-- then triples: index of the hash in KEYS, field, count.
for i = #KEYS + 1, #ARGV, 3 do
  local key, field, count = KEYS[tonumber(ARGV[i])], ARGV[i + 1], ARGV[i + 2]
  local held = redis.call('HGET', key, field)
  if not held or tonumber(held) < tonumber(count) then
    redis.call('HSET', key, field, count)
  end
end
for i = 1, #KEYS do
  if tonumber(ARGV[i]) > 0 then
    redis.call('EXPIRE', KEYS[i], ARGV[i])
  end
end
