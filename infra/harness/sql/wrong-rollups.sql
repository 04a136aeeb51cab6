-- Buckets and totals of the rollups that differ from the sums of their rows.
-- $1: the oldest second, $2: the oldest minute of any window. Older buckets may have been pruned. The kinds that
-- count: $3 in windows, $4 in total clicks, $5 in total impressions.
SELECT rollup || ' ' || ad_id || coalesce(' ' || bucket, '') AS key, coalesce(counted, 0) AS counted, coalesce(rolled_up, 0) AS rolled_up
FROM (
  SELECT 'second' AS rollup, ad_id, bucket, counted, clicks AS rolled_up
  FROM (
    SELECT ad_id, floor(extract(epoch FROM occurred_at))::bigint AS bucket, count(*) AS counted
    FROM ad_events WHERE kind = ANY($3) GROUP BY 1, 2
  ) recorded
  FULL JOIN (SELECT ad_id, second AS bucket, clicks FROM clicks_per_second) rolled USING (ad_id, bucket)
  WHERE bucket >= $1::bigint
  UNION ALL
  SELECT 'minute', ad_id, bucket, counted, clicks
  FROM (
    SELECT ad_id, floor(extract(epoch FROM occurred_at) / 60)::bigint AS bucket, count(*) AS counted
    FROM ad_events WHERE kind = ANY($3) GROUP BY 1, 2
  ) recorded
  FULL JOIN (SELECT ad_id, minute AS bucket, clicks FROM clicks_per_minute) rolled USING (ad_id, bucket)
  WHERE bucket >= $2::bigint
  UNION ALL
  SELECT 'total of ' || total, ad_id, NULL, counted, rolled_up
  FROM (
    SELECT
      CASE WHEN kind = ANY($4) THEN 'clicks' WHEN kind = ANY($5) THEN 'impressions' END AS total,
      ad_id,
      count(*) AS counted
    FROM ad_events GROUP BY 1, 2
  ) recorded
  FULL JOIN (
    SELECT 'clicks' AS total, ad_id, clicks AS rolled_up FROM ad_totals
    UNION ALL SELECT 'impressions', ad_id, impressions FROM ad_totals
  ) rolled USING (total, ad_id)
  WHERE total IS NOT NULL
) compared
WHERE coalesce(counted, 0) <> coalesce(rolled_up, 0)
