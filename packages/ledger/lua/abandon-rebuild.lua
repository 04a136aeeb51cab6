-- Abandons a rebuild, so that another one may begin. KEYS: 1 the token. ARGV: 1 the token of this rebuild.
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
