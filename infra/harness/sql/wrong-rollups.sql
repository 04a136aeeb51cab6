-- Buckets and totals of the rollups that differ from the events that they count.
-- $1: the oldest second, $2: the oldest minute that a window can see; older buckets may have been pruned. `:count` and the like
-- are filled in from EVENT_KINDS: see kinds-in-sql.ts.
WITH counted AS MATERIALIZED (
  SELECT
    ad_id,
    floor(extract(epoch FROM occurred_at))::bigint AS second,
    :count,
    count(play_time_ms) FILTER (WHERE verdict IS NULL) AS play_times,
    coalesce(sum(play_time_ms) FILTER (WHERE verdict IS NULL), 0)::bigint AS play_time_ms
  FROM ad_events GROUP BY 1, 2
),
labelled AS MATERIALIZED (
  SELECT
    ad_id, label, floor(extract(epoch FROM occurred_at) / 900)::integer AS quarter_hour,
    CASE WHEN listed.ad_id IS NULL AND label <> :verdict_label THEN '(other)' ELSE value END AS value, kind, verdict,
    CASE WHEN verdict IS NULL THEN play_time_ms END AS play_time_ms
  FROM ad_events
  CROSS JOIN LATERAL (
    VALUES :labels
  ) AS labels (label, value)
  LEFT JOIN label_values listed USING (ad_id, label, value)
  WHERE value IS NOT NULL
),
built AS MATERIALIZED (
  SELECT start_quarter_hour FROM day_offsets CROSS JOIN LATERAL generate_series(built_from, built_until - 1, 96) AS start_quarter_hour
),
-- Reports do not read the counts of these ads and days.
late AS MATERIALIZED (
  SELECT ad_id, start_quarter_hour
  FROM late_quarter_hours JOIN built ON quarter_hour >= start_quarter_hour AND quarter_hour < start_quarter_hour + 96
),
should AS (
  SELECT 'second' AS rollup, ad_id, second AS bucket, ARRAY[clicks, impressions] AS counts FROM counted
  WHERE second >= $1::bigint
  UNION ALL
  SELECT 'minute', ad_id, second / 60, ARRAY[sum(clicks), sum(impressions)]::bigint[] FROM counted
  WHERE second / 60 >= $2::bigint GROUP BY 2, 3
  UNION ALL
  SELECT 'quarter-hour', ad_id, second / 900,
         ARRAY[:sums, sum(play_times), sum(play_time_ms)]::bigint[]
  FROM counted GROUP BY 2, 3
  UNION ALL
  SELECT 'label', concat_ws(' ', ad_id, label, value), quarter_hour,
         ARRAY[:counts, count(play_time_ms), coalesce(sum(play_time_ms), 0)]::bigint[]
  FROM labelled GROUP BY 2, 3
  UNION ALL
  SELECT 'play second', ad_id, play_time_ms / 1000, ARRAY[count(*)]
  FROM ad_events WHERE play_time_ms IS NOT NULL AND verdict IS NULL GROUP BY 2, 3
  UNION ALL
  SELECT 'day', ad_id, start_quarter_hour, ARRAY[:sums, sum(play_times), sum(play_time_ms)]::bigint[]
  FROM counted JOIN built ON second / 900 >= start_quarter_hour AND second / 900 < start_quarter_hour + 96
  WHERE (ad_id, start_quarter_hour) NOT IN (SELECT ad_id, start_quarter_hour FROM late)
  GROUP BY 2, 3
  UNION ALL
  SELECT 'total', ad_id, 0, ARRAY[sum(clicks), sum(impressions)]::bigint[] FROM counted GROUP BY 2
),
held AS (
  SELECT 'second' AS rollup, ad_id, second AS bucket, ARRAY[clicks, impressions] AS counts FROM counts_per_second
  WHERE second >= $1::bigint
  UNION ALL
  SELECT 'minute', ad_id, minute, ARRAY[clicks, impressions] FROM counts_per_minute WHERE minute >= $2::bigint
  UNION ALL
  SELECT 'quarter-hour', ad_id, quarter_hour, ARRAY[:columns, play_times, play_time_ms]::bigint[]
  FROM counts_per_quarter_hour
  UNION ALL
  SELECT 'day', ad_id, start_quarter_hour, ARRAY[:columns, play_times, play_time_ms]::bigint[]
  FROM counts_per_day
  WHERE (ad_id, start_quarter_hour) NOT IN (SELECT ad_id, start_quarter_hour FROM late)
  UNION ALL
  SELECT 'label', concat_ws(' ', ad_id, label, value), quarter_hour, ARRAY[:columns, play_times, play_time_ms]::bigint[]
  FROM counts_per_label
  UNION ALL
  SELECT 'play second', ad_id, play_second, ARRAY[clicks] FROM clicks_per_play_second
  UNION ALL
  SELECT 'total', ad_id, 0, ARRAY[clicks, impressions] FROM ad_totals
)
SELECT rollup || ' ' || ad_id || ' ' || bucket AS key, should.counts::text AS counted, held.counts::text AS rolled_up
FROM should FULL JOIN held USING (rollup, ad_id, bucket)
WHERE should.counts IS DISTINCT FROM held.counts
  -- A bucket with only zeros is equal to a missing bucket.
  AND (0 <> ANY(should.counts) OR 0 <> ANY(held.counts))
