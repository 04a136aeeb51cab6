-- The counters of one ad: its totals, and its clicks in each window at one moment.
--
-- A window of some minutes that ends at a second is the seconds of the minutes it begins and ends in, and whole minutes
-- between: a few hundred fields however wide it is, and however many clicks there were.
--
-- KEYS: 1 totals, 2 and 3 the hours of seconds (the last one and the current), 4 and 5 the days of minutes.
-- ARGV: the current second. Returns clicks, impressions, then clicks in the last 1, 5, 15 minutes, hour, 24 hours.
local now = tonumber(ARGV[1])
local this_minute = math.floor(now / 60)

-- The counts of the buckets `from` to `to`, as an array that begins at index 1. `boundary` is the first bucket of the
-- newer key.
local function read(from, to, older, newer, boundary)
  local counts = {}
  for _, part in ipairs({ { older, from, math.min(to, boundary - 1) }, { newer, math.max(from, boundary), to } }) do
    local key, first, last = part[1], part[2], part[3]
    if first <= last and redis.call('EXISTS', key) == 0 then
      for _ = first, last do counts[#counts + 1] = 0 end
    elseif first <= last then
      local fields = {}
      for bucket = first, last do fields[#fields + 1] = string.format('%d', bucket) end
      for _, count in ipairs(redis.call('HMGET', key, unpack(fields))) do
        counts[#counts + 1] = tonumber(count or 0)
      end
    end
  end
  return counts
end

local function sum(counts)
  local total = 0
  for _, count in ipairs(counts) do total = total + count end
  return total
end

local function seconds(from, to)
  return sum(read(from, to, KEYS[2], KEYS[3], now - now % 3600))
end

local totals = redis.call('HMGET', KEYS[1], 'clicks', 'impressions')
-- An ad that was never clicked has nothing to sum; in a list of all ads that is most of them.
if tonumber(totals[1] or 0) == 0 then
  return { 0, tonumber(totals[2] or 0), 0, 0, 0, 0, 0 }
end

local oldest_minute = this_minute - 1439
local minutes = read(oldest_minute, this_minute, KEYS[4], KEYS[5], this_minute - this_minute % 1440)

-- Of the current minute only the seconds until now: a player's clock may have put clicks into later ones.
local current = seconds(this_minute * 60, now)

-- Clicks in the seconds (now - width, now].
local function window(width)
  local first_second = now - width + 1
  local first_whole_minute = math.ceil(first_second / 60)
  local edge = 0
  if first_second < first_whole_minute * 60 then
    edge = seconds(first_second, first_whole_minute * 60 - 1)
  end
  local whole = 0
  for minute = first_whole_minute, this_minute - 1 do
    whole = whole + minutes[minute - oldest_minute + 1]
  end
  return edge + whole + current
end

return {
  tonumber(totals[1] or 0), tonumber(totals[2] or 0),
  window(60), window(300), window(900), window(3600), sum(minutes),
}
