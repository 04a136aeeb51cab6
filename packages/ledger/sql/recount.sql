-- Corrects the rollups to a count of the stored events. Returns the number of events, and of corrected rows per rollup. Rows
-- without events become 0, so the role needs no right to delete. Run it under locks that block recording: see recount.ts. It
-- reads every event, about 1 s per million.
--
-- Parameters: 1 seconds for which second buckets are kept, 2 minutes for which minute buckets are kept. Older missing buckets
-- are not created, so all minutes from then on are complete. `:count` and the like are filled in from EVENT_KINDS, see
-- kinds-in-sql.ts.
--
-- After old events were removed, only buckets after the last removed event can be counted. Earlier buckets stay as they are, a
-- total is the sum of all quarter-hours, and clicks per second of the video, which have no time, are only raised.
WITH provable AS MATERIALIZED (
  SELECT coalesce(floor(date_part('epoch', removed_until) / 900) * 900 + 900, 0)::bigint AS first_second FROM event_retention
),
counted AS MATERIALIZED (
  SELECT
    ad_id,
    floor(date_part('epoch', occurred_at))::bigint AS second,
    :count,
    count(play_time_seconds) FILTER (WHERE verdict IS NULL) AS play_times,
    coalesce(
      sum(coalesce(play_time_ms, play_time_seconds * 1000)) FILTER (WHERE verdict IS NULL), 0
    )::bigint AS play_time_ms,
    count(*) AS events
  FROM ad_events
  WHERE occurred_at >= to_timestamp((SELECT first_second FROM provable))
  GROUP BY 1, 2
),
totals AS (
  INSERT INTO ad_totals AS total (ad_id, clicks, impressions)
  SELECT ad_id, coalesce(should.clicks, 0), coalesce(should.impressions, 0)
  FROM (
    SELECT ad_id, sum(clicks)::bigint AS clicks, sum(impressions)::bigint AS impressions
    FROM (
      SELECT ad_id, clicks, impressions FROM counted
      UNION ALL
      SELECT ad_id, clicks, impressions FROM counts_per_quarter_hour
      WHERE quarter_hour < (SELECT first_second / 900 FROM provable)
    ) parts
    GROUP BY ad_id
  ) should
  FULL JOIN ad_totals held USING (ad_id)
  WHERE (coalesce(should.clicks, 0), coalesce(should.impressions, 0))
     <> (coalesce(held.clicks, 0), coalesce(held.impressions, 0))
  ON CONFLICT (ad_id) DO UPDATE SET clicks = excluded.clicks, impressions = excluded.impressions
  RETURNING 1
),
minutes AS (
  INSERT INTO counts_per_minute AS bucket (ad_id, minute, clicks, impressions)
  SELECT ad_id, minute, coalesce(should.clicks, 0), coalesce(should.impressions, 0)
  FROM (
    SELECT ad_id, second / 60 AS minute, sum(clicks)::bigint AS clicks, sum(impressions)::bigint AS impressions
    FROM counted GROUP BY 1, 2
  ) should
  FULL JOIN (
    SELECT * FROM counts_per_minute WHERE minute >= (SELECT first_second / 60 FROM provable)
  ) held USING (ad_id, minute)
  WHERE (coalesce(should.clicks, 0), coalesce(should.impressions, 0))
     <> (coalesce(held.clicks, 0), coalesce(held.impressions, 0))
    AND (held.clicks IS NOT NULL OR minute >= floor(date_part('epoch', now()) / 60) - $2)
  ON CONFLICT (ad_id, minute) DO UPDATE SET clicks = excluded.clicks, impressions = excluded.impressions
  RETURNING 1
),
seconds AS (
  INSERT INTO counts_per_second AS bucket (ad_id, second, clicks, impressions)
  SELECT ad_id, second, coalesce(should.clicks, 0), coalesce(should.impressions, 0)
  FROM counted should
  FULL JOIN (
    SELECT * FROM counts_per_second WHERE second >= (SELECT first_second FROM provable)
  ) held USING (ad_id, second)
  WHERE (coalesce(should.clicks, 0), coalesce(should.impressions, 0))
     <> (coalesce(held.clicks, 0), coalesce(held.impressions, 0))
    AND (held.clicks IS NOT NULL OR second >= floor(date_part('epoch', now())) - $1)
  ON CONFLICT (ad_id, second) DO UPDATE SET clicks = excluded.clicks, impressions = excluded.impressions
  RETURNING 1
),
quarter_hours AS (
  INSERT INTO counts_per_quarter_hour AS bucket (ad_id, quarter_hour, play_times, play_time_ms, :columns)
  SELECT ad_id, quarter_hour, coalesce(should.play_times, 0), coalesce(should.play_time_ms, 0), :should
  FROM (
    SELECT ad_id, (second / 900)::integer AS quarter_hour, sum(play_times)::integer AS play_times,
           sum(play_time_ms)::bigint AS play_time_ms, :sum
    FROM counted GROUP BY 1, 2
  ) should
  FULL JOIN (
    SELECT * FROM counts_per_quarter_hour WHERE quarter_hour >= (SELECT first_second / 900 FROM provable)
  ) held USING (ad_id, quarter_hour)
  WHERE (coalesce(should.play_times, 0), coalesce(should.play_time_ms, 0), :should)
     <> (coalesce(held.play_times, 0), coalesce(held.play_time_ms, 0), :held)
  ON CONFLICT (ad_id, quarter_hour) DO UPDATE
    SET :replace, play_times = excluded.play_times, play_time_ms = excluded.play_time_ms
  RETURNING 1
),
labels AS (
  INSERT INTO counts_per_label AS bucket (ad_id, label, quarter_hour, value, play_times, play_time_ms, :columns)
  SELECT ad_id, label, quarter_hour, value, coalesce(should.play_times, 0), coalesce(should.play_time_ms, 0), :should
  FROM (
    SELECT ad_id, label, floor(date_part('epoch', occurred_at) / 900)::integer AS quarter_hour,
           CASE WHEN listed.ad_id IS NULL AND label <> :verdict_label THEN '(other)' ELSE value END AS value,
           (count(play_time_ms) FILTER (WHERE verdict IS NULL))::integer AS play_times,
           coalesce(sum(play_time_ms) FILTER (WHERE verdict IS NULL), 0)::bigint AS play_time_ms, :count
    FROM ad_events
    CROSS JOIN LATERAL (
      VALUES :labels
    ) AS labelled (label, value)
    LEFT JOIN label_values listed USING (ad_id, label, value)
    WHERE value IS NOT NULL AND occurred_at >= to_timestamp((SELECT first_second FROM provable))
    GROUP BY 1, 2, 3, 4
  ) should
  FULL JOIN (
    SELECT * FROM counts_per_label WHERE quarter_hour >= (SELECT first_second / 900 FROM provable)
  ) held USING (ad_id, label, quarter_hour, value)
  WHERE (coalesce(should.play_times, 0), coalesce(should.play_time_ms, 0), :should)
     <> (coalesce(held.play_times, 0), coalesce(held.play_time_ms, 0), :held)
  ON CONFLICT (ad_id, label, quarter_hour, value) DO UPDATE
    SET :replace, play_times = excluded.play_times, play_time_ms = excluded.play_time_ms
  RETURNING 1
),
play_seconds AS (
  INSERT INTO clicks_per_play_second AS bucket (ad_id, play_second, clicks)
  SELECT ad_id, play_second, coalesce(should.clicks, 0)
  FROM (
    SELECT ad_id, play_time_seconds AS play_second, count(*) AS clicks
    FROM ad_events WHERE play_time_seconds IS NOT NULL AND verdict IS NULL GROUP BY 1, 2
  ) should
  FULL JOIN clicks_per_play_second held USING (ad_id, play_second)
  WHERE coalesce(should.clicks, 0) > coalesce(held.clicks, 0)
    OR coalesce(should.clicks, 0) < held.clicks AND (SELECT first_second FROM provable) = 0
  ON CONFLICT (ad_id, play_second) DO UPDATE SET clicks = excluded.clicks
  RETURNING 1
),
complete_minutes AS (
  UPDATE event_retention SET minutes_from = first_minute
  FROM (
    SELECT greatest(floor(date_part('epoch', now()) / 60)::bigint - $2, first_second / 60) AS first_minute FROM provable
  ) counted_minutes
  WHERE first_minute < minutes_from
),
-- The recount has also counted the events that a backfill had not reached.
backfilled AS (
  UPDATE report_backfill SET next_id = NULL WHERE next_id IS NOT NULL
)
SELECT
  (SELECT coalesce(sum(events), 0) FROM counted)::float8 AS events,
  (SELECT count(*) FROM totals)::float8 AS totals,
  (SELECT count(*) FROM minutes)::float8 AS minutes,
  (SELECT count(*) FROM seconds)::float8 AS seconds,
  (SELECT count(*) FROM quarter_hours)::float8 AS quarter_hours,
  (SELECT count(*) FROM labels)::float8 AS labels,
  (SELECT count(*) FROM play_seconds)::float8 AS play_seconds
