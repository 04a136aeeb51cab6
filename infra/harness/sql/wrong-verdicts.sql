-- Clicks that are stored as a double click or as part of a flood, although no other stored clicks of the same viewer and ad make
-- them one. A click would be its own reason if it were judged twice.
-- Parameters: 1 milliseconds within which a second click is a double click, 2 clicks per hour of receipt.
WITH judged AS (
  SELECT
    id, verdict, occurred_at,
    lag(occurred_at) OVER by_time AS before, lead(occurred_at) OVER by_time AS after,
    count(*) OVER (PARTITION BY ad_id, viewer, floor(extract(epoch FROM received_at) / 3600)) AS clicks
  FROM ad_events
  -- The gate does not see clicks that ingest has judged.
  WHERE kind = 'click' AND viewer IS NOT NULL AND (verdict IS NULL OR verdict IN (:double_click, :flood))
  WINDOW by_time AS (PARTITION BY ad_id, viewer ORDER BY occurred_at)
)
SELECT id, CASE verdict WHEN :flood THEN 'flood' ELSE 'double_click' END AS verdict
FROM judged
WHERE verdict = :double_click
    -- least() ignores null.
    AND coalesce(least(occurred_at - before, after - occurred_at) >= make_interval(secs => $1::float8 / 1000), true)
  OR verdict = :flood AND clicks <= $2::bigint
