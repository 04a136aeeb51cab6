-- Raises counters of one ad: each becomes the greater of what it holds and what Postgres counted. Doing it twice, or in
-- another order, ends the same. One script, so that no reader sees a window that is ahead of the total.
--
-- KEYS: the hashes that are written. ARGV: for each of them, in order, its expiry in seconds (0: none), the number of its
-- counters, and these: field, count.

-- As many as Lua takes as arguments of one call, and some less.
local AT_ONCE = 1000

-- The counters of `key` whose fields are ARGV[first], ARGV[first + 2] and so on.
local function raise(key, first, last)
  local fields, higher = {}, {}
  for i = first, last, 2 do fields[#fields + 1] = ARGV[i] end
  for i, held in ipairs(redis.call('HMGET', key, unpack(fields))) do
    local count = ARGV[first + 2 * i - 1]
    if not held or tonumber(held) < tonumber(count) then
      higher[#higher + 1] = fields[i]
      higher[#higher + 1] = count
    end
  end
  if #higher > 0 then
    redis.call('HSET', key, unpack(higher))
  end
end

local next = 1
for _, key in ipairs(KEYS) do
  local expiry, counters = tonumber(ARGV[next]), tonumber(ARGV[next + 1])
  local last = next + 1 + 2 * counters
  for first = next + 2, last, 2 * AT_ONCE do
    raise(key, first, math.min(last, first + 2 * AT_ONCE - 1))
  end
  if expiry > 0 then
    redis.call('EXPIRE', key, expiry)
  end
  next = last + 1
end
