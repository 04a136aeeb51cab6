-- The writes of the release before migration 7, without its answer and without doubts.
-- Parameters: arrays of 1 ids, 2 kinds, 3 ad ids, 4 addresses, 5 times in milliseconds, 6 play times in milliseconds.
WITH recorded AS (
  INSERT INTO ad_events (id, kind, ad_id, ip, occurred_at, received_at, play_time_seconds, play_time_ms)
  SELECT id, kind, ad_id, ip, to_timestamp(at / 1000.0::float8), now(), play_time / 1000, play_time
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::inet[], $5::bigint[], $6::integer[])
    AS event (id, kind, ad_id, ip, at, play_time)
  ON CONFLICT DO NOTHING
  RETURNING kind, ad_id, floor(date_part('epoch', occurred_at))::bigint AS second
),
seconds AS (
  INSERT INTO clicks_per_second (ad_id, second, clicks)
  SELECT ad_id, second, count(*) FROM recorded
  WHERE kind = 'click' AND second > extract(epoch FROM now()) - 10800 GROUP BY 1, 2
),
minutes AS (
  INSERT INTO clicks_per_minute (ad_id, minute, clicks)
  SELECT ad_id, second / 60, count(*) FROM recorded
  WHERE kind = 'click' AND second > extract(epoch FROM now()) - 180000 GROUP BY 1, 2
)
INSERT INTO ad_totals (ad_id, clicks, impressions)
SELECT ad_id, count(*) FILTER (WHERE kind = 'click'), count(*) FILTER (WHERE kind = 'impression') FROM recorded GROUP BY 1
