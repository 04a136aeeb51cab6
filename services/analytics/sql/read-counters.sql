-- Totals and windows of some ads from the rollups. One statement has one snapshot, so no window is ahead of its total.
-- Parameters: 1 ad ids as a JSON array, 2 the current second, 3 the current minute.
-- Returns per ad: `clicks`, `impressions`, both in the second before the current one (`last_clicks`, `last_impressions`), and both
-- in each window, narrowest first, as `click_windows` and `impression_windows`.
--
-- A window is summed from its largest whole buckets, so that an answer reads some 300 rows instead of 5,000. Windows up to an
-- hour are seconds at their edges and minutes between. The 24-hour window is minutes at its edges and quarter-hours between; while
-- quarter-hours lack events from before migration 7, it is minutes only.
--
-- No part of the plan depends on a value of a parameter, not even on the number of ads, so that Postgres plans the statement once
-- per connection. Planning takes longer than reading one ad.
--
-- Sums of floats are fast, sums of bigint are numeric and slow; a sum of counts is exact as a float. It is returned as bigint,
-- because the text of a float depends on `extra_float_digits`.
-- `from_…` is the first whole minute of a window, `first_quarter` the first whole quarter-hour of the 24 hours.
WITH bound AS MATERIALIZED (
  SELECT
    $2::bigint AS second,
    $3::bigint AS minute,
    ($2::bigint - 299 + 59) / 60 AS from_5_minutes,
    ($2::bigint - 899 + 59) / 60 AS from_15_minutes,
    ($2::bigint - 3599 + 59) / 60 AS from_1_hour,
    $3::bigint - 1439 AS from_24_hours,
    first_quarter,
    CASE
      WHEN EXISTS (SELECT FROM report_backfill WHERE next_id IS NULL) THEN (($3::bigint + 1) / 15)::integer
      ELSE first_quarter
    END AS after_quarters
  FROM (SELECT (($3::bigint - 1439 + 14) / 15)::integer AS first_quarter) day
)
SELECT
  ad.id AS ad_id,
  coalesce(totals.clicks, 0) AS clicks,
  coalesce(totals.impressions, 0) AS impressions,
  last_minute.last_clicks::bigint AS last_clicks,
  last_minute.last_impressions::bigint AS last_impressions,
  to_json(ARRAY[
    last_minute.clicks,
    current_minute.clicks + edge_5_minutes.clicks + minutes.clicks_5_minutes,
    current_minute.clicks + edge_15_minutes.clicks + minutes.clicks_15_minutes,
    current_minute.clicks + edge_1_hour.clicks + minutes.clicks_1_hour,
    edge_24_hours.clicks + quarters.clicks + minutes.clicks_24_hours
  ]::bigint[]) AS click_windows,
  to_json(ARRAY[
    last_minute.impressions,
    current_minute.impressions + edge_5_minutes.impressions + minutes.impressions_5_minutes,
    current_minute.impressions + edge_15_minutes.impressions + minutes.impressions_15_minutes,
    current_minute.impressions + edge_1_hour.impressions + minutes.impressions_1_hour,
    edge_24_hours.impressions + quarters.impressions + minutes.impressions_24_hours
  ]::bigint[]) AS impression_windows
FROM bound
CROSS JOIN json_array_elements_text($1::json) AS ad (id)
LEFT JOIN ad_totals totals ON totals.ad_id = ad.id
CROSS JOIN LATERAL (
  SELECT coalesce(sum(clicks::float8), 0) AS clicks, coalesce(sum(impressions::float8), 0) AS impressions,
    coalesce(sum(clicks::float8) FILTER (WHERE second = bound.second - 1), 0) AS last_clicks,
    coalesce(sum(impressions::float8) FILTER (WHERE second = bound.second - 1), 0) AS last_impressions,
    coalesce(sum(clicks::float8) FILTER (WHERE second >= bound.minute * 60), 0) AS now_clicks,
    coalesce(sum(impressions::float8) FILTER (WHERE second >= bound.minute * 60), 0) AS now_impressions
  FROM counts_per_second
  WHERE ad_id = ad.id AND second > bound.second - 60 AND second <= bound.second
) last_minute
CROSS JOIN LATERAL (SELECT last_minute.now_clicks AS clicks, last_minute.now_impressions AS impressions) current_minute
CROSS JOIN LATERAL (
  SELECT coalesce(sum(clicks::float8), 0) AS clicks, coalesce(sum(impressions::float8), 0) AS impressions
  FROM counts_per_second
  WHERE ad_id = ad.id AND second > bound.second - 300 AND second < bound.from_5_minutes * 60
) edge_5_minutes
CROSS JOIN LATERAL (
  SELECT coalesce(sum(clicks::float8), 0) AS clicks, coalesce(sum(impressions::float8), 0) AS impressions
  FROM counts_per_second
  WHERE ad_id = ad.id AND second > bound.second - 900 AND second < bound.from_15_minutes * 60
) edge_15_minutes
CROSS JOIN LATERAL (
  SELECT coalesce(sum(clicks::float8), 0) AS clicks, coalesce(sum(impressions::float8), 0) AS impressions
  FROM counts_per_second
  WHERE ad_id = ad.id AND second > bound.second - 3600 AND second < bound.from_1_hour * 60
) edge_1_hour
CROSS JOIN LATERAL (
  SELECT
    coalesce(sum(clicks::float8) FILTER (WHERE minute >= bound.from_5_minutes AND minute < bound.minute), 0) AS clicks_5_minutes,
    coalesce(sum(clicks::float8) FILTER (WHERE minute >= bound.from_15_minutes AND minute < bound.minute), 0) AS clicks_15_minutes,
    coalesce(sum(clicks::float8) FILTER (WHERE minute >= bound.from_1_hour AND minute < bound.minute), 0) AS clicks_1_hour,
    coalesce(sum(clicks::float8) FILTER (WHERE minute >= bound.after_quarters * 15), 0) AS clicks_24_hours,
    coalesce(sum(impressions::float8) FILTER (WHERE minute >= bound.from_5_minutes AND minute < bound.minute), 0) AS impressions_5_minutes,
    coalesce(sum(impressions::float8) FILTER (WHERE minute >= bound.from_15_minutes AND minute < bound.minute), 0) AS impressions_15_minutes,
    coalesce(sum(impressions::float8) FILTER (WHERE minute >= bound.from_1_hour AND minute < bound.minute), 0) AS impressions_1_hour,
    coalesce(sum(impressions::float8) FILTER (WHERE minute >= bound.after_quarters * 15), 0) AS impressions_24_hours
  FROM counts_per_minute
  WHERE ad_id = ad.id AND minute >= least(bound.from_1_hour, bound.after_quarters * 15) AND minute <= bound.minute
) minutes
CROSS JOIN LATERAL (
  SELECT coalesce(sum(clicks::float8), 0) AS clicks, coalesce(sum(impressions::float8), 0) AS impressions
  FROM counts_per_minute
  WHERE ad_id = ad.id AND minute >= bound.from_24_hours AND minute < bound.first_quarter * 15
) edge_24_hours
CROSS JOIN LATERAL (
  SELECT coalesce(sum(clicks::float8), 0) AS clicks, coalesce(sum(impressions::float8), 0) AS impressions
  FROM counts_per_quarter_hour
  WHERE ad_id = ad.id AND quarter_hour >= bound.first_quarter AND quarter_hour < bound.after_quarters
) quarters
