-- The counts of some ads for the audit of Redis: totals, and the buckets of some fields.
-- Parameters: 1 ad ids, 2 Unix minutes whose seconds are read, 3 Unix hours whose minutes are read.
SELECT
  (SELECT current_ledger()) AS ledger,
  ad.id AS ad_id,
  coalesce(totals.clicks, 0) AS clicks,
  coalesce(totals.impressions, 0) AS impressions,
  (
    SELECT json_build_object(
      'clicks', coalesce(json_agg(json_build_array(second, bucket.clicks)), '[]'),
      'impressions', coalesce(json_agg(json_build_array(second, bucket.impressions)), '[]')
    )
    FROM unnest($2::bigint[]) AS field (minute)
    JOIN counts_per_second bucket
      ON bucket.ad_id = ad.id AND second >= field.minute * 60 AND second < field.minute * 60 + 60
  ) AS seconds,
  (
    SELECT json_build_object(
      'clicks', coalesce(json_agg(json_build_array(bucket.minute, bucket.clicks)), '[]'),
      'impressions', coalesce(json_agg(json_build_array(bucket.minute, bucket.impressions)), '[]')
    )
    FROM unnest($3::bigint[]) AS field (hour)
    JOIN counts_per_minute bucket
      ON bucket.ad_id = ad.id AND bucket.minute >= field.hour * 60 AND bucket.minute < field.hour * 60 + 60
  ) AS minutes
FROM unnest($1::text[]) AS ad (id)
LEFT JOIN ad_totals totals ON totals.ad_id = ad.id
