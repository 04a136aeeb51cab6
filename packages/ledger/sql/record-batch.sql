-- Records one batch in one statement and transaction. Returns the absolute counts to raise Redis to, and the identity
-- of their ledger. The locks on the rollups are taken before the snapshot and held until the commit. A change of the identity
-- locks ad_totals first, so the returned identity is that of the commit.
--
-- Parameters 1 to 8, 12 to 17, 21 and 22 are arrays of equal length: 1 ids, 2 kinds, 3 ad ids, 4 addresses, 5 occurred,
-- 6 received, 7 claimed (these three in milliseconds), 8 play times in milliseconds, 12 sessions, 13 placements, 14 sources,
-- 15 devices, 16 countries, 17 error codes, 21 numbers of verdicts, 22 viewers. 7, 8, 12 to 17, 21 and 22 may be shorter: the rest
-- is null. 9 is the writer of a doubt to leave, or null; 10 the seconds and 11 the minutes that are kept. 18 is true if the batch
-- has events that only quarter-hours count, by their kind or as invalid, 19 if an event has a label that is counted:
-- the parts of the statement that do not apply cost nothing. 20 is the identity of the ledger in which the values of labels were
-- registered: empty if that ledger has no identity, null if no event has a label. If the current ledger has another identity,
-- nothing is recorded. `:kinds_in_…` and the like are filled in from EVENT_KINDS, see kinds-in-sql.ts. Each column costs time,
-- so the columns of invalid events are filled in only if the batch has one.
--
-- Buckets that are older than the kept seconds (parameter 10) or minutes (11) by the clock of Postgres are neither written nor
-- returned: they are too old for all windows, and pruning would delete them. Their events are in the totals and in the
-- quarter-hours, which are kept for ever. Players choose timestamps, so this limits the number of rows.
--
-- Seconds, minutes, totals, play times and clicks per second of the video hold valid events only. An invalid event counts in the
-- invalid column of its quarter-hour and of its labels, and once for its verdict, which is a label whose values are not registered.
--
-- Lock order: rows of the gate, events, seconds, minutes, totals, seconds of the video, labels, quarter-hours, each sorted by key.
-- Marks of late buckets are only inserted, and day_tier is only read: its lock holds up the builder of days, see days.ts. Postgres
-- executes the parts without a result after all others, in the reverse order of the text. Parallel batches wait for each other and
-- never deadlock. A bucket whose events are all stored already is updated by 0, to lock it and get its latest count: a redelivered
-- batch thereby repeats a raise that a crash prevented. A batch without repetitions skips the search for such buckets.
--
-- The result has an array per column instead of a row per bucket: with 10,000 ads a batch touches more buckets than it has
-- clicks, and rows cost more to write and to read than buckets cost to count. Clicks and impressions have arrays of their own,
-- without the buckets that have none.
WITH known AS MATERIALIZED (
  SELECT *
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::inet[], $5::bigint[], $6::bigint[], $7::bigint[], $8::integer[],
              $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[], $21::smallint[], $22::bigint[])
    AS event (id, kind, ad_id, ip, occurred, received, claimed, play_time,
              session_id, placement, source, device, country, error_code, verdict, viewer)
  WHERE ad_id IN (SELECT id FROM ads)
    AND ($20::text IS NULL OR $20 = (SELECT coalesce(current_ledger(), '')))
),
doubt AS (
  INSERT INTO counter_doubts (writer) SELECT $9::text WHERE $9 IS NOT NULL
  ON CONFLICT (writer) DO UPDATE SET stamp = DEFAULT, since = now()
),
recorded AS (
  INSERT INTO ad_events (id, kind, ad_id, ip, occurred_at, received_at, claimed_at, play_time_seconds,
                         play_time_ms, session_id, placement, source, device, country, error_code, verdict, viewer)
  SELECT id, kind, ad_id, ip, to_timestamp(occurred / 1000.0::float8), to_timestamp(received / 1000.0::float8),
         to_timestamp(claimed / 1000.0::float8), play_time / 1000, play_time,
         session_id, placement, source, device, country, error_code, verdict, viewer
  FROM known
  ORDER BY id, kind
  ON CONFLICT DO NOTHING
  RETURNING id, kind, ad_id, floor(date_part('epoch', occurred_at))::bigint AS second,
            CASE WHEN verdict IS NULL THEN play_time_ms END AS play_time_ms,
            placement, source, device, country, error_code, verdict
),
-- Each rollup is summed from the one before. Sums of integers and floats are fast, sums of bigint are numeric and slow; a sum of
-- milliseconds is exact as a float.
per_second AS MATERIALIZED (
  SELECT ad_id, second, sum(click)::integer AS clicks, sum(impression)::integer AS impressions,
         count(play_time_ms)::integer AS play_times, sum(play_time_ms)::float8 AS play_time_ms
  FROM (
    SELECT ad_id, second, (kind IN (:kinds_in_clicks))::integer AS click,
           (kind IN (:kinds_in_impressions))::integer AS impression, play_time_ms
    FROM recorded
    WHERE kind IN (:kinds_in_totals) AND verdict IS NULL
    UNION ALL
    SELECT ad_id, occurred / 1000, 0, 0, NULL FROM known
    WHERE (SELECT count(*) FROM recorded) < (SELECT count(*) FROM known)
      AND kind IN (:kinds_in_totals) AND verdict IS NULL
  ) events
  GROUP BY ad_id, second
),
per_minute AS MATERIALIZED (
  SELECT ad_id, second / 60 AS minute, sum(clicks)::integer AS clicks,
         sum(impressions)::integer AS impressions, sum(play_times)::integer AS play_times,
         sum(play_time_ms) AS play_time_ms
  FROM per_second
  GROUP BY ad_id, second / 60
),
wide AS MATERIALIZED (
  SELECT ad_id, second / 900 AS quarter_hour, :count_wide
  FROM recorded
  WHERE $18::boolean AND (kind NOT IN (:kinds_in_totals) OR verdict IS NOT NULL)
  GROUP BY ad_id, second / 900
),
per_quarter_hour AS MATERIALIZED (
  SELECT ad_id, quarter_hour, :sum, sum(play_times)::integer AS play_times, sum(play_time_ms) AS play_time_ms
  FROM (
    SELECT ad_id, minute / 15 AS quarter_hour, clicks, impressions, play_times, play_time_ms, :no_wide
    FROM per_minute
    UNION ALL
    SELECT ad_id, quarter_hour, 0, 0, 0, NULL, :wide_columns FROM wide
  ) counts (ad_id, quarter_hour, clicks, impressions, play_times, play_time_ms, :wide_columns)
  GROUP BY ad_id, quarter_hour
),
-- An event counts once for each of its labels.
per_label AS MATERIALIZED (
  SELECT ad_id, label, second / 900 AS quarter_hour, value, :count,
         count(play_time_ms)::integer AS play_times, coalesce(sum(play_time_ms), 0)::float8 AS play_time_ms
  FROM recorded
  CROSS JOIN LATERAL (VALUES :labels) AS labelled (label, value)
  WHERE ($19::boolean :or_invalid) AND value IS NOT NULL
  GROUP BY ad_id, label, second / 900, value
),
seconds AS (
  INSERT INTO counts_per_second AS bucket (ad_id, second, clicks, impressions)
  SELECT ad_id, second, clicks, impressions
  FROM per_second
  WHERE second >= (SELECT floor(date_part('epoch', now()))::bigint - $10::bigint)
  ORDER BY ad_id, second
  ON CONFLICT (ad_id, second) DO UPDATE
    SET clicks = bucket.clicks + excluded.clicks, impressions = bucket.impressions + excluded.impressions
  RETURNING ad_id, second, clicks, impressions
),
minutes AS (
  INSERT INTO counts_per_minute AS bucket (ad_id, minute, clicks, impressions)
  SELECT ad_id, minute, clicks, impressions
  FROM per_minute
  WHERE minute >= (SELECT floor(date_part('epoch', now()) / 60)::bigint - $11::bigint)
  ORDER BY ad_id, minute
  ON CONFLICT (ad_id, minute) DO UPDATE
    SET clicks = bucket.clicks + excluded.clicks, impressions = bucket.impressions + excluded.impressions
  RETURNING ad_id, minute, clicks, impressions
),
quarter_hours AS (
  INSERT INTO counts_per_quarter_hour AS bucket (ad_id, quarter_hour, play_times, play_time_ms, :columns)
  SELECT ad_id, quarter_hour, play_times, coalesce(play_time_ms, 0), :columns
  FROM per_quarter_hour
  WHERE (:columns) <> (:zeros)
  ORDER BY ad_id, quarter_hour
  ON CONFLICT (ad_id, quarter_hour) DO UPDATE
    SET :add, play_times = bucket.play_times + excluded.play_times, play_time_ms = bucket.play_time_ms + excluded.play_time_ms
),
-- The days of these buckets may have been built: see days.ts.
late AS (
  INSERT INTO late_quarter_hours (ad_id, quarter_hour)
  SELECT ad_id, quarter_hour
  FROM per_quarter_hour
  WHERE quarter_hour < (SELECT late_before FROM day_tier)
),
labels AS (
  INSERT INTO counts_per_label AS bucket (ad_id, label, quarter_hour, value, play_times, play_time_ms, :columns)
  SELECT ad_id, label, quarter_hour,
         CASE WHEN listed.ad_id IS NULL AND label <> :verdict_label THEN '(other)' ELSE value END AS value,
         sum(play_times)::integer, sum(play_time_ms), :sum
  FROM per_label LEFT JOIN label_values listed USING (ad_id, label, value)
  GROUP BY 1, 2, 3, 4
  ORDER BY 1, 2, 3, 4
  ON CONFLICT (ad_id, label, quarter_hour, value) DO UPDATE
    SET :add, play_times = bucket.play_times + excluded.play_times, play_time_ms = bucket.play_time_ms + excluded.play_time_ms
),
play_seconds AS (
  INSERT INTO clicks_per_play_second AS bucket (ad_id, play_second, clicks)
  SELECT ad_id, play_time_ms / 1000, count(*)
  FROM recorded
  WHERE play_time_ms IS NOT NULL
  GROUP BY 1, 2
  ORDER BY 1, 2
  ON CONFLICT (ad_id, play_second) DO UPDATE SET clicks = bucket.clicks + excluded.clicks
),
totals AS (
  INSERT INTO ad_totals AS bucket (ad_id, clicks, impressions)
  SELECT ad_id, sum(clicks), sum(impressions)
  FROM (
    SELECT ad_id, clicks, impressions FROM per_minute
    UNION ALL
    SELECT ad_id, 0, 0 FROM known WHERE $18::boolean
  ) counts
  GROUP BY ad_id
  ORDER BY ad_id
  ON CONFLICT (ad_id) DO UPDATE
    SET clicks = bucket.clicks + excluded.clicks, impressions = bucket.impressions + excluded.impressions
  RETURNING ad_id, clicks, impressions
)
SELECT 'seconds' AS what, 'clicks' AS counted, json_agg(ad_id) AS names, json_agg(clicks) AS counts, json_agg(second) AS others
FROM seconds WHERE clicks > 0
UNION ALL SELECT 'seconds', 'impressions', json_agg(ad_id), json_agg(impressions), json_agg(second)
          FROM seconds WHERE impressions > 0
UNION ALL SELECT 'minutes', 'clicks', json_agg(ad_id), json_agg(clicks), json_agg(minute) FROM minutes WHERE clicks > 0
UNION ALL SELECT 'minutes', 'impressions', json_agg(ad_id), json_agg(impressions), json_agg(minute)
          FROM minutes WHERE impressions > 0
UNION ALL SELECT 'totals', NULL, json_agg(ad_id), json_agg(clicks), json_agg(impressions) FROM totals
UNION ALL SELECT 'added', NULL, json_agg(kind), json_agg(added), json_agg(verdict)
          FROM (SELECT kind, verdict, count(*) AS added FROM recorded GROUP BY kind, verdict) kinds
-- Repeated events of sessions, see session-reuse.ts. Events that are twice in the batch only are not among them.
UNION ALL SELECT 'repeated', NULL, json_agg(id), NULL, NULL
          FROM known
          WHERE (SELECT count(*) FROM recorded) < (SELECT count(*) FROM known)
            AND session_id IS NOT NULL AND viewer IS NOT NULL
            AND NOT EXISTS (SELECT FROM recorded WHERE recorded.id = known.id AND recorded.kind = known.kind)
UNION ALL SELECT 'ledger', NULL, json_build_array(current_ledger()), NULL, NULL;
