-- Totals and windows of some ads from the rollups. One statement has one snapshot, so no window is ahead of its total.
-- Parameters: 1 ad ids, 2 the current second, 3 the current minute.
SELECT
  ad.id AS ad_id,
  coalesce(totals.clicks, 0) AS clicks,
  coalesce(totals.impressions, 0) AS impressions,
  coalesce(seconds.last_1_minute, 0) AS last_1_minute,
  coalesce(seconds.last_5_minutes, 0) AS last_5_minutes,
  coalesce(seconds.last_15_minutes, 0) AS last_15_minutes,
  coalesce(seconds.last_1_hour, 0) AS last_1_hour,
  coalesce(minutes.last_24_hours, 0) AS last_24_hours
FROM unnest($1::text[]) AS ad (id)
LEFT JOIN ad_totals totals ON totals.ad_id = ad.id
LEFT JOIN (
  SELECT
    ad_id,
    sum(clicks) FILTER (WHERE second > $2::bigint - 60)::bigint AS last_1_minute,
    sum(clicks) FILTER (WHERE second > $2::bigint - 300)::bigint AS last_5_minutes,
    sum(clicks) FILTER (WHERE second > $2::bigint - 900)::bigint AS last_15_minutes,
    sum(clicks)::bigint AS last_1_hour
  FROM counts_per_second
  WHERE ad_id = ANY($1) AND second > $2::bigint - 3600 AND second <= $2::bigint
  GROUP BY ad_id
) seconds ON seconds.ad_id = ad.id
LEFT JOIN (
  SELECT ad_id, sum(clicks)::bigint AS last_24_hours
  FROM counts_per_minute
  WHERE ad_id = ANY($1) AND minute > $3::bigint - 1440 AND minute <= $3::bigint
  GROUP BY ad_id
) minutes ON minutes.ad_id = ad.id
