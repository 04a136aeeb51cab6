-- One batch, one statement, so one transaction: the rows, the rollups, and the absolute counts to raise Redis to.
--
-- Parameters, arrays of one length: 1 ids, 2 kinds, 3 ad ids, 4 addresses, 5 occurred, 6 received, 7 claimed (these in
-- milliseconds), 8 play times in seconds; then 9 the name of a doubt to leave behind, or null.
--
-- Rows are inserted in the order of their key, and so are buckets: batches in parallel wait for each other and never
-- deadlock. Buckets that the batch touches but adds nothing to (all its clicks were there already) are written too,
-- by zero: that locks them, and so returns their latest count, which heals a raise that a crash prevented.
WITH input AS MATERIALIZED (
  SELECT event.*, occurred / 1000 AS second, occurred / 60000 AS minute
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::inet[], $5::bigint[], $6::bigint[], $7::bigint[], $8::integer[])
    AS event (id, kind, ad_id, ip, occurred, received, claimed, play_time)
),
known AS MATERIALIZED (
  SELECT * FROM input WHERE ad_id IN (SELECT id FROM ads)
),
doubt AS (
  INSERT INTO counter_doubts (writer) SELECT $9::text WHERE $9 IS NOT NULL
  ON CONFLICT (writer) DO UPDATE SET stamp = DEFAULT, since = now()
),
recorded AS (
  INSERT INTO ad_events (id, kind, ad_id, ip, occurred_at, received_at, claimed_at, play_time_seconds)
  SELECT id, kind, ad_id, ip, to_timestamp(occurred / 1000.0), to_timestamp(received / 1000.0),
         to_timestamp(claimed / 1000.0), play_time
  FROM known
  ORDER BY id, kind
  ON CONFLICT DO NOTHING
  RETURNING kind, ad_id, floor(extract(epoch FROM occurred_at))::bigint AS second
),
seconds AS (
  INSERT INTO clicks_per_second AS bucket (ad_id, second, clicks)
  SELECT ad_id, second, sum(added)
  FROM (
    SELECT ad_id, second, 0 AS added FROM known WHERE kind = 'click'
    UNION ALL
    SELECT ad_id, second, 1 FROM recorded WHERE kind = 'click'
  ) touched
  GROUP BY ad_id, second
  ORDER BY ad_id, second
  ON CONFLICT (ad_id, second) DO UPDATE SET clicks = bucket.clicks + excluded.clicks
  RETURNING ad_id, second, clicks
),
minutes AS (
  INSERT INTO clicks_per_minute AS bucket (ad_id, minute, clicks)
  SELECT ad_id, minute, sum(added)
  FROM (
    SELECT ad_id, minute, 0 AS added FROM known WHERE kind = 'click'
    UNION ALL
    SELECT ad_id, second / 60, 1 FROM recorded WHERE kind = 'click'
  ) touched
  GROUP BY ad_id, minute
  ORDER BY ad_id, minute
  ON CONFLICT (ad_id, minute) DO UPDATE SET clicks = bucket.clicks + excluded.clicks
  RETURNING ad_id, minute, clicks
),
totals AS (
  INSERT INTO ad_totals AS bucket (ad_id, clicks, impressions)
  SELECT ad_id, sum(clicks), sum(impressions)
  FROM (
    SELECT ad_id, 0 AS clicks, 0 AS impressions FROM known
    UNION ALL
    SELECT ad_id, (kind = 'click')::integer, (kind = 'impression')::integer FROM recorded
  ) touched
  GROUP BY ad_id
  ORDER BY ad_id
  ON CONFLICT (ad_id) DO UPDATE
    SET clicks = bucket.clicks + excluded.clicks, impressions = bucket.impressions + excluded.impressions
  RETURNING ad_id, clicks, impressions
)
SELECT 'second' AS what, ad_id, second AS bucket, clicks AS count FROM seconds
UNION ALL SELECT 'minute', ad_id, minute, clicks FROM minutes
UNION ALL SELECT 'clicks', ad_id, 0, clicks FROM totals
UNION ALL SELECT 'impressions', ad_id, 0, impressions FROM totals
UNION ALL SELECT 'recorded', ad_id, count(*) FILTER (WHERE kind = 'click'), count(*) FROM recorded GROUP BY ad_id
UNION ALL SELECT DISTINCT 'unknown ad', ad_id, 0, 0 FROM input WHERE ad_id NOT IN (SELECT id FROM ads);
