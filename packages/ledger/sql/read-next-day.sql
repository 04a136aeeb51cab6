-- The next day to build, as its first quarter-hour: the day after the built ones of an offset, or else the day before them. Returns
-- no row when each offset has $1 days, or nothing is counted before its days.
SELECT start_quarter_hour
FROM day_tier
CROSS JOIN day_offsets
CROSS JOIN LATERAL (SELECT late_before - (late_before - remainder + 96) % 96 AS last_end) ends
CROSS JOIN LATERAL (
  SELECT CASE WHEN built_until IS NULL THEN last_end - 96 WHEN built_until < last_end THEN built_until ELSE built_from - 96 END
    AS start_quarter_hour
) next
WHERE start_quarter_hour >= 0
  AND (
    built_until IS NULL OR built_until < last_end
    OR built_from > last_end - 96 * $1::integer
       AND EXISTS (SELECT FROM counts_per_quarter_hour WHERE quarter_hour < built_from)
  )
ORDER BY start_quarter_hour DESC
LIMIT 1
