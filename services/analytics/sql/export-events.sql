-- The stored events of some ads in a range of time.
-- Parameters: 1 ad ids; 2 start and 3 end of the range, not included, in milliseconds since the epoch; 4 kinds, or null for all.
--
-- Without ORDER BY, rows come in the order in which they are stored, partition by partition: nothing is sorted, and the first
-- rows come at once. The order of partitions is that of days in UUIDv7, then ids without a partition of their day.
SELECT kind, id, ad_id, occurred_at, received_at, claimed_at, ip,
       coalesce(play_time_ms, play_time_seconds * 1000),
       session_id, placement, source, device, country, error_code, coalesce(verdict, 0)
FROM ad_events
WHERE ad_id = ANY($1::text[])
  AND occurred_at >= to_timestamp($2::float8 / 1000) AND occurred_at < to_timestamp($3::float8 / 1000)
  AND ($4::text[] IS NULL OR kind = ANY($4))
