-- The rows that a report must have, counted from the stored events with the calendar of Postgres. It shares nothing with the
-- report: neither rollups, nor the code that cuts intervals, nor the formulas.
-- Parameters: 1 from, 2 to (dates, or times with an offset); 3 time zone; 4 interval; 5 names to group by; 6 ad ids, 7 campaigns,
-- 8 advertisers, or null for all; 9 the label of events, or `verdict`, by which the report groups or filters, or null; 10 its
-- values, or null for all.
-- A report by minute has valid events only.
-- `time` is the start of the interval, with the offset of the zone in minutes where an hour can be repeated. `labels` are ad,
-- campaign, advertiser and label of events; null where the report does not group by them.
WITH bounds AS (
  SELECT
    CASE WHEN length($1::text) = 10 THEN $1::timestamp AT TIME ZONE $3::text ELSE $1::timestamptz END AS first,
    CASE WHEN length($2::text) = 10 THEN $2::timestamp AT TIME ZONE $3::text ELSE $2::timestamptz END AS last
),
-- The generated moments hit every interval of the range, because clocks change at whole quarters of an hour and no day is
-- shorter than 6 hours.
moments AS (
  SELECT moment, NULL AS kind, NULL::boolean AS is_valid, NULL::integer AS play_time_ms, NULL::text[] AS labels
  FROM bounds, generate_series(
    first, last - interval '1 second',
    CASE WHEN $4::text = 'total' THEN last - first WHEN $4 = 'minute' THEN '1 minute'
         WHEN $4 IN ('quarter_hour', 'hour') THEN '15 minutes' ELSE '6 hours' END
  ) AS moment
  UNION ALL
  SELECT last - interval '1 second', NULL, NULL, NULL, NULL FROM bounds
  UNION ALL
  SELECT
    occurred_at, kind, verdict IS NULL, CASE WHEN verdict IS NULL THEN play_time_ms END,
    ARRAY[
      CASE WHEN 'ad' = ANY($5::text[]) THEN ad_id END,
      CASE WHEN 'campaign' = ANY($5) THEN campaign END,
      CASE WHEN 'advertiser' = ANY($5) THEN advertiser END,
      CASE WHEN $9::text = ANY($5) THEN counted END
    ]
  FROM bounds, ad_events
  LEFT JOIN ads ON ads.id = ad_id
  -- The names of verdicts in the order of their numbers.
  CROSS JOIN LATERAL (
    SELECT (ARRAY[
      'valid', 'listed_ip', 'datacenter', 'bot', 'no_user_agent', 'proxy_flag', 'unsigned', 'bad_signature', 'expired',
      'impossible', 'double_click', 'flood'
    ])[coalesce(verdict, 0) + 1] AS verdict_name
  ) AS judged
  CROSS JOIN LATERAL (
    VALUES (1, 'placement', placement), (2, 'source', source), (3, 'device', device), (4, 'country', country),
           (5, 'error_code', error_code), (6, 'verdict', verdict_name), (0, NULL, NULL)
  ) AS given (number, name, value)
  -- A value without a count of its own is counted with the others.
  CROSS JOIN LATERAL (
    SELECT CASE
      WHEN value IS NULL OR number = 6 OR (ad_id, number, value) IN (SELECT ad_id, label, value FROM label_values) THEN value
      ELSE '(other)'
    END AS counted
  ) AS counted_as
  WHERE occurred_at >= first AND occurred_at < last
    AND given.name IS NOT DISTINCT FROM $9
    AND ($4 <> 'minute' OR kind IN ('click', 'impression') AND verdict IS NULL)
    AND ($6::text[] IS NULL OR ad_id = ANY($6))
    AND ($7::text[] IS NULL OR campaign = ANY($7))
    AND ($8::text[] IS NULL OR advertiser = ANY($8))
    AND ($10::text[] IS NULL OR counted = ANY($10))
),
timed AS MATERIALIZED (
  SELECT
    CASE
      WHEN $4 = 'total' THEN ''
      WHEN $4 IN ('day', 'week', 'month') THEN to_char(date_trunc($4, wall), 'YYYY-MM-DD')
      ELSE to_char(
        CASE $4 WHEN 'quarter_hour' THEN date_bin('15 minutes', wall, '2000-01-01') ELSE date_trunc($4, wall) END,
        'YYYY-MM-DD"T"HH24:MI'
      ) || ' ' || (extract(epoch FROM wall - (moment AT TIME ZONE 'UTC')) / 60)::integer
    END AS time,
    kind, is_valid, play_time_ms, labels
  FROM moments
  CROSS JOIN LATERAL (SELECT moment AT TIME ZONE $3 AS wall) AS clock
),
present AS (
  SELECT labels FROM timed WHERE kind IS NOT NULL
  UNION
  SELECT ARRAY[NULL, NULL, NULL, NULL]::text[] WHERE cardinality($5) = 0
),
counted AS (
  SELECT
    time, labels,
    count(*) FILTER (WHERE kind = 'click' AND is_valid)::float8 AS clicks,
    count(*) FILTER (WHERE kind = 'impression' AND is_valid)::float8 AS impressions,
    count(*) FILTER (WHERE kind = 'start' AND is_valid)::float8 AS starts,
    count(*) FILTER (WHERE kind = 'firstQuartile' AND is_valid)::float8 AS first_quartiles,
    count(*) FILTER (WHERE kind = 'midpoint' AND is_valid)::float8 AS midpoints,
    count(*) FILTER (WHERE kind = 'thirdQuartile' AND is_valid)::float8 AS third_quartiles,
    count(*) FILTER (WHERE kind = 'complete' AND is_valid)::float8 AS completes,
    count(*) FILTER (WHERE kind = 'skip' AND is_valid)::float8 AS skips,
    count(*) FILTER (WHERE kind = 'viewable' AND is_valid)::float8 AS viewables,
    count(*) FILTER (WHERE kind = 'notViewable' AND is_valid)::float8 AS not_viewables,
    count(*) FILTER (WHERE kind = 'error' AND is_valid)::float8 AS errors,
    count(*) FILTER (WHERE kind = 'click')::float8 AS gross_clicks,
    count(*) FILTER (WHERE kind = 'impression')::float8 AS gross_impressions,
    count(*) FILTER (WHERE kind = 'click' AND NOT is_valid)::float8 AS invalid_clicks,
    count(*) FILTER (WHERE kind = 'impression' AND NOT is_valid)::float8 AS invalid_impressions,
    sum(play_time_ms)::float8 / count(play_time_ms) / 1000 AS average_play_time
  FROM (SELECT DISTINCT time FROM timed) AS times
  CROSS JOIN present
  LEFT JOIN timed USING (time, labels)
  GROUP BY time, labels
)
SELECT
  *,
  clicks / nullif(impressions, 0) AS ctr,
  completes / nullif(starts, 0) AS completion_rate,
  skips / nullif(starts, 0) AS skip_rate,
  viewables / nullif(viewables + not_viewables, 0) AS viewable_rate,
  errors / nullif(impressions + errors, 0) AS error_rate,
  gross_clicks / nullif(gross_impressions, 0) AS gross_ctr,
  invalid_clicks / nullif(gross_clicks, 0) AS invalid_click_rate
FROM counted
