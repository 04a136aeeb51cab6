-- Returns a row if more days may be built up to quarter-hour $1: a wanted day ends after `late_before`, and not after $1. Returns
-- none while events from before migration 7 are not counted per quarter-hour.
SELECT FROM day_tier
WHERE NOT EXISTS (SELECT FROM report_backfill WHERE next_id IS NOT NULL)
  AND EXISTS (
    SELECT FROM day_offsets WHERE ($1::integer - remainder + 96) / 96 > (late_before - remainder + 96) / 96
  )
