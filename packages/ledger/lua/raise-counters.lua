-- Raises counters: each becomes the greater of what it holds and what Postgres counted. Doing it twice, or in another
-- order, ends the same. All of an ad in one script, so that no reader sees a window that is ahead of the total.
--
-- KEYS: the hashes that are written. ARGV: for each of them, in order, its expiry in seconds (0: none), how many buckets
-- a field holds (1: fields are counters), the number of its counters, and these: field or bucket, count. Buckets ascend.

-- Counters that are fields: ARGV[first], ARGV[first + 2] and so on.
local function raise_fields(key, first, last)
  local fields, higher = {}, {}
  for i = first, last, 2 do fields[#fields + 1] = ARGV[i] end
  for i, held in ipairs(redis.call('HMGET', key, unpack(fields))) do
    local count = ARGV[first + 2 * i - 1]
    if not held or tonumber(held) < tonumber(count) then
      higher[#higher + 1] = fields[i]
      higher[#higher + 1] = count
    end
  end
  return higher
end

-- Counters that are packed: a field is the sum of its buckets, and then each of them. The sum grows by what its buckets
-- grow by, and is written with them as one value. So it is theirs at any time, whatever is raised, how often, and in what
-- order: there is no state of Redis, after no crash, failover, flush or expiry, that has one and not the other.
local function raise_buckets(key, per_field, first, last)
  -- What is raised in fields[i] begins at ARGV[begins[i]].
  local fields, begins = {}, {}
  local before
  for i = first, last, 2 do
    local field = math.floor(ARGV[i] / per_field)
    if field ~= before then
      fields[#fields + 1] = string.format('%d', field)
      begins[#begins + 1] = i
      before = field
    end
  end
  begins[#begins + 1] = last + 1
  local higher = {}
  for i, held in ipairs(redis.call('HMGET', key, unpack(fields))) do
    local counts = held and { cmsgpack.unpack(held) } or { 0 }
    local sum = counts[1]
    for argument = begins[i], begins[i + 1] - 1, 2 do
      local place, count = ARGV[argument] % per_field + 2, tonumber(ARGV[argument + 1])
      local more = count - (counts[place] or 0)
      if more > 0 then
        for missing = #counts + 1, place - 1 do counts[missing] = 0 end
        counts[place] = count
        counts[1] = counts[1] + more
      end
    end
    if counts[1] > sum then
      higher[#higher + 1] = fields[i]
      higher[#higher + 1] = cmsgpack.pack(unpack(counts))
    end
  end
  return higher
end

local next = 1
for _, key in ipairs(KEYS) do
  local expiry, per_field, counters = tonumber(ARGV[next]), tonumber(ARGV[next + 1]), tonumber(ARGV[next + 2])
  local first, last = next + 3, next + 2 + 2 * counters
  local higher = per_field == 1 and raise_fields(key, first, last) or raise_buckets(key, per_field, first, last)
  if #higher > 0 then
    redis.call('HSET', key, unpack(higher))
  end
  if expiry > 0 then
    redis.call('EXPIRE', key, expiry)
  end
  next = last + 1
end
