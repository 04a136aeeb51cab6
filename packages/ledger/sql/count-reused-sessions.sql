-- Counts repeated events whose viewer is not that of the stored event. Returns one row: `reused`, their number. Rows of
-- session_reuse are locked in the order of their keys, and nothing else is.
-- Parameters are arrays of equal length: 1 ids, 2 kinds, 3 viewers, 4 received in milliseconds.
--
-- A viewer has another hash on each UTC day. An event that repeats one of another day therefore counts if it came an hour later or
-- more: a retry comes sooner, and a document that is cached for days is fetched all the time.
WITH reused AS (
  SELECT stored.ad_id, event.day, count(*)::integer AS events
  FROM (
    SELECT id, kind, viewer, received, (received AT TIME ZONE 'UTC')::date AS day
    FROM (
      SELECT id, kind, viewer, to_timestamp(received / 1000.0::float8) AS received
      FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[]) AS given (id, kind, viewer, received)
    ) given
  ) event
  -- OFFSET keeps the look-up by the primary key: a join could read whole partitions.
  CROSS JOIN LATERAL (
    SELECT ad_id, viewer, received_at FROM ad_events WHERE id = event.id AND kind = event.kind OFFSET 0
  ) stored
  WHERE stored.viewer <> event.viewer
    AND ((stored.received_at AT TIME ZONE 'UTC')::date = event.day OR stored.received_at < event.received - interval '1 hour')
  GROUP BY stored.ad_id, event.day
),
counted AS (
  INSERT INTO session_reuse AS counted (ad_id, day, events)
  SELECT ad_id, day, events FROM reused ORDER BY ad_id, day
  ON CONFLICT (ad_id, day) DO UPDATE SET events = counted.events + excluded.events
)
SELECT coalesce(sum(events), 0)::integer AS reused FROM reused
