-- The rows of a report: the sums of the buckets of a rollup, by part of the range and by group, with zeros where a group has no
-- bucket in a part. A null label is returned as an empty text. Real labels are never empty.
-- Parameters: 1 the first bucket of each part, ascending, and the bucket after the last part; 2 ad ids, 3 campaigns,
-- 4 advertisers, 5 values of the label of events, or null for all; 6 maximum number of rows; 7 the first quarter-hours of the days
-- whose counts per day may be read, ascending; 8 and following the position after which the rows begin.
-- The names with a colon are filled in by read-report.ts: the counts, their column of time, the filters, the values of the groups
-- and their places, the sums, the condition for rows, the names of the groups, each group in the range, the names of the
-- counts, the metric that orders the rows, all metrics, the order, and the comparison with the position.
--
-- All tables are read in one snapshot: packages/ledger/src/days.ts says why the counts per day are exact.
--
-- The full join has the rows of a left join, and is never a nested loop, which would take minutes after a wrong estimate.
-- Counts of an ad that is not in the catalogue any more are in no campaign.
WITH built AS MATERIALIZED (
  SELECT array_agg(start ORDER BY start) AS starts
  FROM unnest($7::integer[]) AS start JOIN day_offsets ON remainder = start % 96
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
  SELECT width_bucket(:bucket, $1::integer[]) - 1 AS part :values :sums
  FROM :rollup
  LEFT JOIN ads ON ads.id = ad_id
  WHERE :bucket >= ($1::integer[])[1] AND :bucket < ($1::integer[])[cardinality($1)]
    :filters
  GROUP BY 1 :places
  HAVING :present
), whole AS (
  SELECT part :groups, :sort AS sort :counts
  FROM generate_series(0, cardinality($1) - 2) AS part
  :each
  FULL JOIN sums USING (part :groups)
)
SELECT part :groups, sort, ROW(:metrics) AS metrics
FROM whole
WHERE :after
ORDER BY :order
LIMIT $6::integer
