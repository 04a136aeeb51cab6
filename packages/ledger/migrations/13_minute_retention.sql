-- Up Migration
-- Expand. Locks: event_retention against everything, for milliseconds.

-- MINUTE_RETENTION_HOURS: counts per minute are kept for 50 hours or longer.
--   minutes_from  counts per minute are complete from this minute on; pruning advances it, and a recount may set it back
--   minutes_kept  minutes that were kept when minutes were last pruned; null before the first pruning
ALTER TABLE event_retention
  ADD COLUMN minutes_from bigint NOT NULL DEFAULT 0,
  ADD COLUMN minutes_kept bigint;

-- Earlier releases keep 50 hours. Without events every minute is complete.
UPDATE event_retention SET minutes_from = floor(date_part('epoch', now()) / 60)::bigint - 3000, minutes_kept = 3000
WHERE EXISTS (SELECT FROM ad_totals);

-- Roles that may delete minute buckets may also update `event_retention`.
DO $$
DECLARE
  writer regrole;
BEGIN
  FOR writer IN
    SELECT grantee FROM pg_class, aclexplode(relacl)
    WHERE oid = 'counts_per_minute'::regclass AND privilege_type = 'DELETE' AND grantee NOT IN (0, relowner)
  LOOP
    EXECUTE format('GRANT SELECT, UPDATE (minutes_from, minutes_kept) ON event_retention TO %s', writer);
  END LOOP;
END
$$;
