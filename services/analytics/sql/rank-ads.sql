-- A page of the ids of all ads, or of those of an advertiser, most clicks first, equal ones by id. Parameters: 1 width of the
-- window in seconds, null for all time; 2 the current second; 3 and 4 clicks and id of the last ad of the previous page, or null
-- and null; 5 maximum number of ads; 6 the advertiser, or null. Returns `ad_id` and `clicks`, in order.
--
-- Ads without clicks come last, and most ads of a large catalogue have none: they are read by id, as far as the page needs them.
WITH counted AS MATERIALIZED (
  SELECT ad_id, clicks FROM ad_totals WHERE $1::bigint IS NULL AND clicks > 0
  UNION ALL
  SELECT ad_id, sum(clicks)::bigint FROM counts_per_second
  WHERE $1::bigint <= 3600 AND second > $2::bigint - $1 AND second <= $2::bigint
  GROUP BY ad_id
  UNION ALL
  SELECT ad_id, sum(clicks)::bigint FROM counts_per_minute
  WHERE $1::bigint > 3600 AND minute > $2::bigint / 60 - $1 / 60 AND minute <= $2::bigint / 60
  GROUP BY ad_id
),
busy AS (
  SELECT ad_id, clicks
  FROM counted
  WHERE clicks > 0
    AND ($3::bigint IS NULL OR clicks < $3 OR (clicks = $3 AND ad_id > $4::text))
    AND EXISTS (SELECT FROM ads WHERE id = ad_id AND ($6::text IS NULL OR advertiser = $6))
  ORDER BY clicks DESC, ad_id
  LIMIT $5::integer
),
idle AS (
  SELECT id AS ad_id, 0::bigint AS clicks
  FROM ads
  WHERE id > CASE WHEN $3::bigint = 0 THEN $4::text ELSE '' END
    AND ($6::text IS NULL OR advertiser = $6)
    AND NOT EXISTS (SELECT FROM counted WHERE ad_id = id AND clicks > 0)
  ORDER BY id
  LIMIT greatest(0, $5::integer - (SELECT count(*) FROM busy))
)
SELECT ad_id, clicks FROM (SELECT 1 AS part, * FROM busy UNION ALL SELECT 2, * FROM idle) ranked
ORDER BY part, clicks DESC, ad_id
