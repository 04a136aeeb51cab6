-- `recorded_until`, milliseconds since the epoch: each event that was accepted before is recorded. No row while events from
-- before migration 7 are not counted for reports yet.
SELECT floor(extract(epoch FROM recorded_until) * 1000)::float8 AS recorded_until
FROM event_retention
WHERE NOT EXISTS (SELECT FROM report_backfill WHERE next_id IS NOT NULL)
