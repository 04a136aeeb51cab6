-- Totals and windows of some ads from the rollups. One statement has one snapshot, so no window is ahead of its total.
-- Parameters: 1 ad ids, 2 the current second, 3 the current minute.
-- Returns per ad: `clicks`, `impressions`, both in the second before the current one (`last_clicks`, `last_impressions`), and both
-- in each window, narrowest first, as `click_windows` and `impression_windows`.
SELECT
  ad.id AS ad_id,
  coalesce(totals.clicks, 0) AS clicks,
  coalesce(totals.impressions, 0) AS impressions,
  coalesce(seconds.last_clicks, 0)::bigint AS last_clicks,
  coalesce(seconds.last_impressions, 0)::bigint AS last_impressions,
  json_build_array(
    coalesce(seconds.clicks_1_minute, 0), coalesce(seconds.clicks_5_minutes, 0), coalesce(seconds.clicks_15_minutes, 0),
    coalesce(seconds.clicks_1_hour, 0), coalesce(minutes.clicks, 0)
  ) AS click_windows,
  json_build_array(
    coalesce(seconds.impressions_1_minute, 0), coalesce(seconds.impressions_5_minutes, 0),
    coalesce(seconds.impressions_15_minutes, 0), coalesce(seconds.impressions_1_hour, 0), coalesce(minutes.impressions, 0)
  ) AS impression_windows
FROM unnest($1::text[]) AS ad (id)
LEFT JOIN ad_totals totals ON totals.ad_id = ad.id
LEFT JOIN (
  SELECT
    ad_id,
    sum(clicks) FILTER (WHERE second = $2::bigint - 1) AS last_clicks,
    sum(impressions) FILTER (WHERE second = $2::bigint - 1) AS last_impressions,
    sum(clicks) FILTER (WHERE second > $2::bigint - 60) AS clicks_1_minute,
    sum(clicks) FILTER (WHERE second > $2::bigint - 300) AS clicks_5_minutes,
    sum(clicks) FILTER (WHERE second > $2::bigint - 900) AS clicks_15_minutes,
    sum(clicks) AS clicks_1_hour,
    sum(impressions) FILTER (WHERE second > $2::bigint - 60) AS impressions_1_minute,
    sum(impressions) FILTER (WHERE second > $2::bigint - 300) AS impressions_5_minutes,
    sum(impressions) FILTER (WHERE second > $2::bigint - 900) AS impressions_15_minutes,
    sum(impressions) AS impressions_1_hour
  FROM counts_per_second
  WHERE ad_id = ANY($1) AND second > $2::bigint - 3600 AND second <= $2::bigint
  GROUP BY ad_id
) seconds ON seconds.ad_id = ad.id
LEFT JOIN (
  SELECT ad_id, sum(clicks) AS clicks, sum(impressions) AS impressions
  FROM counts_per_minute
  WHERE ad_id = ANY($1) AND minute > $3::bigint - 1440 AND minute <= $3::bigint
  GROUP BY ad_id
) minutes ON minutes.ad_id = ad.id
