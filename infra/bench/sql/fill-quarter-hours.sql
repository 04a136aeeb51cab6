-- Fills the quarter-hours of ads, in the order of time, as events arrive. The table must not have rows of these ads.
-- Parameters: 1 busy ads, 2 rare ads, 3 the first quarter-hour, 4 the quarter-hour after the last one.
-- A busy ad has an impression in every quarter-hour and a click in every sixth. A rare ad has a thousandth of these events, evenly
-- over the range. Each quarter-hour with an impression also has a start.
INSERT INTO counts_per_quarter_hour (ad_id, quarter_hour, clicks, impressions, play_times, play_time_ms, starts, completes)
SELECT ad_id, quarter_hour, clicks, 1, clicks, 7500 * clicks, 1, quarter_hour % 2
FROM generate_series($3::integer, $4::integer - 1) AS quarter_hour
CROSS JOIN LATERAL (SELECT (quarter_hour % 6 = 0)::integer AS clicks) AS counts
CROSS JOIN LATERAL (
  SELECT unnest($1::text[])
  UNION ALL
  SELECT unnest($2::text[]) WHERE quarter_hour % 857 = 0
) AS ads (ad_id)
