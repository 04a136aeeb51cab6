-- Up Migration

-- The play time to the millisecond. A column of its own, because another type for the old one would rewrite every partition
-- under a lock. Rows written since then have both: play_time_seconds is the same in whole seconds, rounded down, for queries
-- that read it. Rows that are older, or that a consumer of the release before wrote during a rolling update, have the
-- seconds alone. Read coalesce(play_time_ms, play_time_seconds * 1000).
--
-- Adding it takes a moment, but under a lock that waits for every transaction on the table and that all later ones wait
-- for. So each attempt waits two seconds at most and then lets recording go on for one.
DO $$
BEGIN
  PERFORM set_config('lock_timeout', '2s', true);
  FOR attempt IN 1..200 LOOP
    BEGIN
      ALTER TABLE ad_events ADD COLUMN play_time_ms integer;
      RETURN;
    EXCEPTION WHEN lock_not_available THEN
      PERFORM pg_sleep(1);
    END;
  END LOOP;
  RAISE EXCEPTION 'ad_events was in use by other transactions for ten minutes'
    USING HINT = 'End the long transactions (pg_stat_activity) and migrate again.';
END
$$;
