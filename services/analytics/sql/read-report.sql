-- The rows of a report: the sums of the buckets of a rollup, by part of the range and by group, with zeros where a group has no
-- bucket in a part. A null label, or a label by which the report does not group, is returned as an empty text. Real labels are
-- never empty.
-- Parameters: 1 the first bucket of each part, ascending, and the bucket after the last part; 2 ad ids, 3 campaigns,
-- 4 advertisers, or null for all; 5 to 7 whether to group by ad, campaign, advertiser; 8 values of the label of events, or null
-- for all; 9 maximum number of rows; 10 the first quarter-hours of the days whose counts per day may be read, ascending; 11 and
-- following the position after which the rows begin.
-- The names with a colon are filled in by read-report.ts: the counts, their column of time, the label of events, the filters,
-- the sums, the condition for rows, the groups, the columns of the rows, their order, and the comparison with the position.
--
-- All tables are read in one snapshot: packages/ledger/src/days.ts says why the counts per day are exact.
--
-- The full join has the rows of a left join, and is never a nested loop, which would take minutes after a wrong estimate.
-- Counts of an ad that is not in the catalogue any more are in no campaign.
WITH built AS MATERIALIZED (
  SELECT array_agg(start ORDER BY start) AS starts
  FROM unnest($10::integer[]) AS start JOIN day_offsets ON remainder = start % 96
  WHERE start >= built_from AND start < built_until
), late AS MATERIALIZED (
  -- Ads and built days with counts that the day may lack.
  SELECT DISTINCT ad_id, start_quarter_hour
  FROM built
  CROSS JOIN late_quarter_hours
  CROSS JOIN LATERAL (SELECT starts[width_bucket(quarter_hour, starts)] AS start_quarter_hour) day
  WHERE quarter_hour < start_quarter_hour + 96
), gaps AS MATERIALIZED (
  -- The quarter-hours before, between and after the built days.
  SELECT first, after
  FROM (
    SELECT ($1::integer[])[1] AS first, coalesce(starts[1], ($1::integer[])[cardinality($1)]) AS after FROM built
    UNION ALL
    SELECT start + 96, lead(start, 1, ($1::integer[])[cardinality($1)]) OVER (ORDER BY start)
    FROM built CROSS JOIN unnest(starts) AS start
  ) ranges
  WHERE first < after
), sums AS (
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
