-- Raises counters: each becomes the greater of what it holds and what Postgres counted. Doing it twice, or in another
-- order, ends the same. All of an ad in one script, so that no reader sees a window that is ahead of the total.
--
-- KEYS: the hashes that are written. ARGV[1]: a list as JSON (of an ad it costs the caller 3 µs, an argument for each
-- number 7, and Redis no more): for each ad the number of the key of its totals, clicks, impressions, and how many fields of
-- buckets follow; for each of these the number of its key, the expiry of that in seconds, the name of the field, and how
-- many counters follow; for each of these its place in the field, from 0, and its count.

local raised = cjson.decode(ARGV[1])
local pack, unpack, sub = struct.pack, struct.unpack, string.sub

-- How whole numbers of so many bytes are packed, and what they stay below.
local PACKED, LIMIT = {}, {}
for width = 1, 8 do
  PACKED[width] = '>I' .. width
  LIMIT[width] = 256 ^ width
end

-- The same counts, in numbers of more bytes.
local function widened(counts, width, wider)
  local parts = {}
  for at = 1, #counts, width do
    parts[#parts + 1] = pack(PACKED[wider], (unpack(PACKED[width], counts, at)))
  end
  return table.concat(parts)
end

local function raise_totals(key, clicks, impressions)
  local held = redis.call('HMGET', key, 'clicks', 'impressions')
  local held_clicks, held_impressions = tonumber(held[1] or -1), tonumber(held[2] or -1)
  if held_clicks < clicks or held_impressions < impressions then
    redis.call('HSET', key, 'clicks', string.format('%d', math.max(clicks, held_clicks)),
      'impressions', string.format('%d', math.max(impressions, held_impressions)))
  end
end

-- A field is the width of its counts in bytes, their sum, and each of them (see `packed-counts.ts`). The sum grows by what
-- its buckets grow by, and is written with them as one value. So it is theirs at any time, whatever is raised, how often,
-- and in what order: there is no state of Redis, after no crash, failover, flush or expiry, that has one and not the other.
--
-- A count is put into its place in the text, in 0.2 µs. To make a table of 40 counts, and a text of that again, takes 2.
local function raise_field(key, expiry, field, first, last)
  local held = redis.call('HGET', key, field)
  local width, sum, counts = 1, 0, ''
  if held then
    width = string.byte(held)
    sum = unpack(PACKED[width + 1], held, 2)
    counts = sub(held, width + 3)
  end
  local before = sum
  for i = first, last, 2 do
    local count = raised[i + 1]
    if count >= LIMIT[width] then
      local wider = width + 1
      while count >= LIMIT[wider] do wider = wider + 1 end
      width, counts = wider, widened(counts, width, wider)
    end
    local from, to = raised[i] * width, raised[i] * width + width
    if #counts < to then
      counts = counts .. string.rep('\0', to - #counts)
    end
    local more = count - unpack(PACKED[width], counts, from + 1)
    if more > 0 then
      counts = sub(counts, 1, from) .. pack(PACKED[width], count) .. sub(counts, to + 1)
      sum = sum + more
    end
  end
  if sum > before then
    redis.call('HSET', key, field, string.char(width) .. pack(PACKED[width + 1], sum) .. counts)
    -- It counts from when the newest field was made: they are all out of sight then.
    if not held then
      redis.call('EXPIRE', key, expiry)
    end
  end
end

local at, stop = 1, #raised
while at < stop do
  local fields = raised[at + 3]
  raise_totals(KEYS[raised[at]], raised[at + 1], raised[at + 2])
  at = at + 4
  for _ = 1, fields do
    local first, last = at + 4, at + 3 + 2 * raised[at + 3]
    raise_field(KEYS[raised[at]], raised[at + 1], raised[at + 2], first, last)
    at = last + 1
  end
end
