-- Counts marked ads and days again, and deletes their marks: of at most $1 marks those of $2 pairs of an ad and a day of UTC.
-- Returns whether `more` are left. One statement has one snapshot: a mark that it deletes belongs to counts that it sees. Run it
-- under the builder's lock.
WITH found AS MATERIALIZED (
  SELECT ctid, dense_rank() OVER (ORDER BY ad_id, quarter_hour / 96) AS pair
  FROM (SELECT ctid, ad_id, quarter_hour FROM late_quarter_hours LIMIT $1::integer) sample
),
marks AS (
  DELETE FROM late_quarter_hours
  WHERE ctid = ANY(ARRAY(SELECT ctid FROM found WHERE pair <= $2::integer))
  RETURNING ad_id, quarter_hour
),
days AS MATERIALIZED (
  SELECT DISTINCT ad_id, start_quarter_hour
  FROM marks
  CROSS JOIN day_offsets
  CROSS JOIN LATERAL (SELECT quarter_hour - (quarter_hour - remainder + 96) % 96 AS start_quarter_hour) day
  WHERE start_quarter_hour >= built_from AND start_quarter_hour < built_until
),
refreshed AS (
  INSERT INTO counts_per_day (start_quarter_hour, ad_id, play_times, play_time_ms, :columns)
  SELECT days.start_quarter_hour, days.ad_id, counted.*
  FROM days CROSS JOIN LATERAL (
    SELECT coalesce(sum(play_times), 0)::bigint, coalesce(sum(play_time_ms), 0)::bigint, :day_sums
    FROM counts_per_quarter_hour held
    WHERE held.ad_id = days.ad_id
      AND held.quarter_hour >= days.start_quarter_hour AND held.quarter_hour < days.start_quarter_hour + 96
  ) counted
  ON CONFLICT (start_quarter_hour, ad_id) DO UPDATE
    SET :replace, play_times = excluded.play_times, play_time_ms = excluded.play_time_ms
)
SELECT count(*) = $1::integer OR max(pair) > $2::integer AS more FROM found
