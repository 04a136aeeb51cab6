-- Asks for days with these remainders ($1) of their first quarter-hour by 96. New remainders are ignored once there are $2; one
-- call may exceed it by its remainders.
INSERT INTO day_offsets (remainder)
SELECT remainder
FROM unnest($1::integer[]) AS remainder
WHERE remainder IN (SELECT remainder FROM day_offsets) OR (SELECT count(*) FROM day_offsets) < $2::integer
ORDER BY remainder
ON CONFLICT (remainder) DO UPDATE SET asked_at = excluded.asked_at
