-- The rows of a report: the sums of the buckets of a rollup, by part of the range and by group, with zeros where a group has no
-- bucket in a part. A label that is null, or by which the report does not group, is an empty text here: no label is empty.
-- Parameters: 1 the first bucket of each part, ascending, and the bucket after the last part; 2 ad ids, 3 campaigns,
-- 4 advertisers, or null for all; 5 to 7 whether to group by ad, campaign, advertiser; 8 values of the label of events, or null
-- for all; 9 maximum number of rows; 10 and following the position after which the rows begin.
-- The names with a colon are filled in by read-report.ts: the counts, their column of time, the label of events, the filters,
-- the sums, which of them have rows, the groups, the columns of the rows, their order, and the comparison with the position.
--
-- The full join has the rows of a left join, and is never a nested loop, which would take minutes after a wrong estimate.
-- Counts of an ad that is not in the catalogue any more are in no campaign.
WITH sums AS (
  SELECT
    width_bucket(:bucket, $1::integer[]) - 1 AS part,
    (CASE WHEN $5::boolean THEN ad_id ELSE '' END) COLLATE "C" AS ad,
    (CASE WHEN $6::boolean THEN coalesce(ads.campaign, '') ELSE '' END) COLLATE "C" AS campaign,
    (CASE WHEN $7::boolean THEN coalesce(ads.advertiser, '') ELSE '' END) COLLATE "C" AS advertiser,
    (:label)::text COLLATE "C" AS event_label,
    :sums
  FROM :rollup
  LEFT JOIN ads ON ads.id = ad_id
  WHERE :bucket >= ($1::integer[])[1] AND :bucket < ($1::integer[])[cardinality($1)]
    :filters
  GROUP BY 1, 2, 3, 4, 5
  HAVING :present
), groups AS (
  :groups
), whole AS (
  SELECT part, ad, campaign, advertiser, event_label, :columns
  FROM generate_series(0, cardinality($1) - 2) AS part
  CROSS JOIN groups
  FULL JOIN sums USING (part, ad, campaign, advertiser, event_label)
)
SELECT * FROM whole
WHERE :after
ORDER BY :order
LIMIT $9::integer
