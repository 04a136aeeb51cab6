-- The rows of a report: the sums of the buckets of a rollup, by part of the range and by group. Empty sums have no row.
-- Parameters: 1 the first bucket of each part, ascending, and the bucket after the last part; 2 ad ids, 3 campaigns,
-- 4 advertisers, or null for all; 5 to 7 whether to group by ad, campaign, advertiser; 8 maximum number of rows.
-- The names with a colon are filled in by read-report.ts: the table, its column of time, the sums, and the filters.
--
-- Counts of an ad that is not in the catalogue any more are in no campaign.
SELECT
  width_bucket(:bucket, $1::integer[]) - 1 AS part,
  CASE WHEN $5::boolean THEN ad_id END AS ad,
  CASE WHEN $6::boolean THEN ads.campaign END AS campaign,
  CASE WHEN $7::boolean THEN ads.advertiser END AS advertiser,
  :counts
FROM :rollup
LEFT JOIN ads ON ads.id = ad_id
WHERE :bucket >= ($1::integer[])[1] AND :bucket < ($1::integer[])[cardinality($1)]
  :filters
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 3, 4
LIMIT $8::integer
