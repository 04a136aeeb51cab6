-- Counts the valid events of an ad for its diagnostics, see quality.ts. Returns one row with one JSON object of numbers.
-- Parameters: 1 ad id; 2 first id and 3 id after the last one, both not included; 4 first id from which sessions count; 5 the kinds
-- that report the steps of a video, in order.
--
-- Events are found by their ids only. A condition on occurred_at would split the sessions of tags: all events of a session have its
-- time in their ids.
WITH read AS (
  SELECT id, session_id, viewer, coalesce(play_time_ms, play_time_seconds * 1000) AS play_time_ms,
         kind IN (:kinds_in_clicks) AS is_click,
         kind IN (:kinds_in_impressions) AS is_impression,
         1 << (array_position($5::text[], kind) - 1) AS step
  FROM ad_events
  WHERE ad_id = $1 AND id > $2::uuid AND id < $3::uuid AND verdict IS NULL
),
-- An earlier event of a session counts for its later ones. `steps` has a bit for each step that the session has.
sessions AS (
  SELECT bool_or(is_click AND id > $4::uuid) AS has_click,
         bool_or(is_impression) AS has_impression,
         coalesce(bool_or(step IS NOT NULL AND id > $4::uuid), false) AS has_step,
         bit_or(step) AS steps
  FROM read
  WHERE session_id IS NOT NULL
  GROUP BY session_id
),
viewers AS (
  SELECT count(*) FILTER (WHERE is_click) AS clicks, count(*) FILTER (WHERE is_impression) AS impressions
  FROM read
  WHERE viewer IS NOT NULL
  GROUP BY viewer
)
SELECT row_to_json(counts)
FROM (
  SELECT events.*, of_sessions.*, of_viewers.*
  FROM (
    SELECT count(*) AS events,
           count(*) FILTER (WHERE is_click) AS clicks,
           count(*) FILTER (WHERE is_impression) AS impressions,
           count(*) FILTER (WHERE session_id IS NULL) AS without_session,
           count(*) FILTER (WHERE is_click AND play_time_ms IS NOT NULL) AS play_times,
           count(*) FILTER (WHERE is_click AND play_time_ms < 1000) AS at_start
    FROM read
  ) events,
  (
    SELECT count(*) FILTER (WHERE has_click) AS with_click,
           count(*) FILTER (WHERE has_click AND NOT has_impression) AS without_impression,
           count(*) FILTER (WHERE has_step) AS with_step,
           -- Without a gap `steps` is 1, 11, 111 and so on in binary, so `steps + 1` has no bit in common with it.
           count(*) FILTER (WHERE has_step AND steps & (steps + 1) <> 0) AS with_gap
    FROM sessions
  ) of_sessions,
  (
    SELECT coalesce(sum(clicks), 0) AS known_clicks, coalesce(max(clicks), 0) AS most_clicks,
           coalesce(sum(impressions), 0) AS known_impressions, coalesce(max(impressions), 0) AS most_impressions
    FROM viewers
  ) of_viewers
) counts
