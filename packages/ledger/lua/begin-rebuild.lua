-- Begins a rebuild, unless another one is in progress on this server instance. A token of another instance is left over from
-- before a failover or a restart, so it is replaced.
--
-- KEYS: 1 the token. ARGV: 1 the token of this rebuild, 2 the instance id of this server, 3 the expiry in seconds. Tokens begin
-- with the instance id. Returns 1 if this call or an earlier one began this rebuild, else 0.
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] and string.sub(held, 1, #ARGV[2] + 1) == ARGV[2] .. ':' then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[3])
return 1
