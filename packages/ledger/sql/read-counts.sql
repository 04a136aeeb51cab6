-- The absolute counts of some ads for a rebuild: totals, and the buckets that windows still need. Parameters: 1 the last ad of
-- the previous page ('' for the first), 2 ads per page, 3 oldest second, 4 oldest minute.
SELECT
  ad_id,
  clicks,
  impressions,
  (
    SELECT json_build_object(
      'clicks', coalesce(json_agg(json_build_array(second, clicks)) FILTER (WHERE clicks > 0), '[]'),
      'impressions', coalesce(json_agg(json_build_array(second, impressions)) FILTER (WHERE impressions > 0), '[]')
    )
    FROM counts_per_second bucket WHERE bucket.ad_id = page.ad_id AND second >= $3
  ) AS seconds,
  (
    SELECT json_build_object(
      'clicks', coalesce(json_agg(json_build_array(minute, clicks)) FILTER (WHERE clicks > 0), '[]'),
      'impressions', coalesce(json_agg(json_build_array(minute, impressions)) FILTER (WHERE impressions > 0), '[]')
    )
    FROM counts_per_minute bucket WHERE bucket.ad_id = page.ad_id AND minute >= $4
  ) AS minutes
FROM (SELECT * FROM ad_totals WHERE ad_id > $1 ORDER BY ad_id LIMIT $2) page
ORDER BY ad_id
