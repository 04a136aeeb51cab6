-- Removes the days of an offset that no report has asked for in $1 days. Returns a row if it removed an offset. Run it under the
-- builder's lock.
WITH dropped AS (
  DELETE FROM day_offsets
  WHERE remainder = (SELECT remainder FROM day_offsets WHERE asked_at < now() - make_interval(days => $1::integer) LIMIT 1)
  RETURNING built_from, built_until
),
counts AS (
  DELETE FROM counts_per_day
  USING dropped CROSS JOIN LATERAL generate_series(built_from, built_until - 1, 96) AS start
  WHERE start_quarter_hour = start
)
SELECT FROM dropped
