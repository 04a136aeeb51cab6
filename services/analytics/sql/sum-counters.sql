-- Totals of all ads of the catalogue together, or of those of an advertiser, and their counts in the last whole second. Takes time
-- in proportion to the number of ads that have events.
-- Parameters: 1 the current second, 2 the advertiser, or null.
SELECT total.*, last.*
FROM (
  SELECT coalesce(sum(clicks), 0)::bigint AS clicks, coalesce(sum(impressions), 0)::bigint AS impressions
  FROM ad_totals
  JOIN ads ON ads.id = ad_id AND ($2::text IS NULL OR ads.advertiser = $2)
) total
CROSS JOIN (
  SELECT coalesce(sum(clicks), 0)::bigint AS last_clicks, coalesce(sum(impressions), 0)::bigint AS last_impressions
  FROM counts_per_second
  JOIN ads ON ads.id = ad_id AND ($2::text IS NULL OR ads.advertiser = $2)
  WHERE second = $1::bigint - 1
) last
