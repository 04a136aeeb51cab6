-- Counts events of before migration 7 per quarter-hour, and their impressions per second and per minute: one page, from the
-- greatest id to the least. The counts and the progress are written together, so a page counts once however often the work is
-- interrupted. Returns one row: `events` that were counted, whether `more` are left, the identity of the ledger, and the
-- absolute counts of the changed buckets, with which Redis is raised. Returns no row while another process counts a page, or
-- when everything is counted.
--
-- Parameters: 1 events per page, 2 seconds for which second buckets are kept, 3 minutes for which minute buckets are kept,
-- 4 the writer of the doubt that is left if there are counts to raise.
-- `:kinds_in_…` is filled in from EVENT_KINDS, see kinds-in-sql.ts.
--
-- Lock order: progress, then the buckets of each rollup in the order of record-batch.sql, each sorted by key.
WITH progress AS MATERIALIZED (
  SELECT next_id FROM report_backfill WHERE next_id IS NOT NULL FOR UPDATE SKIP LOCKED
),
-- An id may have an event of each kind, so a page ends between two ids.
page AS MATERIALIZED (
  SELECT next_id, (
    SELECT id FROM ad_events
    WHERE id <= next_id AND NOT in_reports
    ORDER BY id DESC OFFSET $1::integer LIMIT 1
  ) AS end_id
  FROM progress
),
touched AS MATERIALIZED (
  SELECT
    ad_id,
    floor(date_part('epoch', occurred_at))::bigint AS second,
    play_time_seconds AS play_second,
    count(*) AS events,
    count(*) FILTER (WHERE kind IN (:kinds_in_clicks)) AS clicks,
    count(*) FILTER (WHERE kind IN (:kinds_in_impressions)) AS impressions,
    count(play_time_seconds) AS play_times,
    sum(coalesce(play_time_ms, play_time_seconds * 1000)) AS play_time_ms
  FROM ad_events
  WHERE id <= (SELECT next_id FROM page)
    AND id > coalesce((SELECT end_id FROM page), '00000000-0000-0000-0000-000000000000')
    AND NOT in_reports
  GROUP BY 1, 2, 3
),
seconds AS (
  INSERT INTO counts_per_second AS bucket (ad_id, second, clicks, impressions)
  SELECT ad_id, second, 0, sum(impressions)
  FROM touched
  WHERE impressions > 0 AND second >= (SELECT floor(date_part('epoch', now()))::bigint - $2::bigint)
  GROUP BY ad_id, second
  ORDER BY ad_id, second
  ON CONFLICT (ad_id, second) DO UPDATE SET impressions = bucket.impressions + excluded.impressions
  RETURNING ad_id, second, impressions
),
minutes AS (
  INSERT INTO counts_per_minute AS bucket (ad_id, minute, clicks, impressions)
  SELECT ad_id, second / 60, 0, sum(impressions)
  FROM touched
  WHERE impressions > 0 AND second / 60 >= (SELECT floor(date_part('epoch', now()) / 60)::bigint - $3::bigint)
  GROUP BY ad_id, second / 60
  ORDER BY ad_id, second / 60
  ON CONFLICT (ad_id, minute) DO UPDATE SET impressions = bucket.impressions + excluded.impressions
  RETURNING ad_id, minute, impressions
),
-- The totals hold these events already. They are locked and read like the buckets, so that no bucket is ahead of its total.
totals AS (
  INSERT INTO ad_totals AS bucket (ad_id, clicks, impressions)
  SELECT DISTINCT ad_id, 0, 0
  FROM minutes
  ORDER BY ad_id
  ON CONFLICT (ad_id) DO UPDATE SET impressions = bucket.impressions
  RETURNING ad_id, clicks, impressions
),
play_seconds AS (
  INSERT INTO clicks_per_play_second AS bucket (ad_id, play_second, clicks)
  SELECT ad_id, play_second, sum(play_times)
  FROM touched
  WHERE play_second IS NOT NULL
  GROUP BY ad_id, play_second
  ORDER BY ad_id, play_second
  ON CONFLICT (ad_id, play_second) DO UPDATE SET clicks = bucket.clicks + excluded.clicks
  RETURNING 1
),
quarter_hours AS (
  INSERT INTO counts_per_quarter_hour AS bucket (ad_id, quarter_hour, clicks, impressions, play_times, play_time_ms)
  SELECT ad_id, second / 900, sum(clicks), sum(impressions), sum(play_times), coalesce(sum(play_time_ms), 0)
  FROM touched
  GROUP BY ad_id, second / 900
  ORDER BY ad_id, second / 900
  ON CONFLICT (ad_id, quarter_hour) DO UPDATE
    SET clicks = bucket.clicks + excluded.clicks, impressions = bucket.impressions + excluded.impressions,
        play_times = bucket.play_times + excluded.play_times, play_time_ms = bucket.play_time_ms + excluded.play_time_ms
  RETURNING 1
),
doubt AS (
  INSERT INTO counter_doubts (writer) SELECT $4::text WHERE EXISTS (SELECT FROM minutes)
),
counted AS MATERIALIZED (
  SELECT
    (SELECT count(*) FROM seconds) AS seconds,
    (SELECT count(*) FROM minutes) AS minutes,
    (
      SELECT coalesce(json_agg(to_json(ad)), '[]')
      FROM (
        SELECT ad_id, clicks, impressions, coalesce(seconds, '[]') AS seconds, minutes
        FROM totals
        JOIN (SELECT ad_id, json_agg(json_build_array(minute, impressions)) AS minutes FROM minutes GROUP BY ad_id) by_minute
          USING (ad_id)
        LEFT JOIN (SELECT ad_id, json_agg(json_build_array(second, impressions)) AS seconds FROM seconds GROUP BY ad_id) by_second
          USING (ad_id)
      ) ad
    ) AS counts,
    (SELECT count(*) FROM play_seconds) AS play_seconds,
    (SELECT count(*) FROM quarter_hours) AS quarter_hours,
    (SELECT coalesce(sum(events), 0) FROM touched)::bigint AS events
)
UPDATE report_backfill
SET next_id = page.end_id, events = report_backfill.events + counted.events
FROM page, counted
RETURNING counted.events::float8 AS events, page.end_id IS NOT NULL AS more, current_ledger() AS ledger, counted.counts
