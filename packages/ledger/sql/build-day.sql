-- Builds the day that begins at quarter-hour $1, which is next to the built days of its offset. Run it under the builder's lock.
WITH built AS (
  UPDATE day_offsets
  SET built_from = least(built_from, $1::integer), built_until = greatest(built_until, $1::integer + 96)
  WHERE remainder = $1::integer % 96
)
INSERT INTO counts_per_day (start_quarter_hour, ad_id, play_times, play_time_ms, :columns)
SELECT $1::integer, ad_id, sum(play_times)::bigint, sum(play_time_ms)::bigint, :day_sums
FROM counts_per_quarter_hour
WHERE quarter_hour >= $1::integer AND quarter_hour < $1::integer + 96
GROUP BY ad_id
