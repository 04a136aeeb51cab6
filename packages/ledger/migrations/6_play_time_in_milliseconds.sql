-- Up Migration
-- Expand. Locks: ad_events against everything, for milliseconds; it lets traffic pass while it waits.

-- The play time to the millisecond, in a new column, because a change of the type would rewrite every partition under a lock.
-- New rows have both columns: play_time_seconds has the same value in whole seconds, rounded down, for existing queries. Older
-- rows, and rows of a consumer of the previous release during a rolling update, have only the seconds. Read
-- coalesce(play_time_ms, play_time_seconds * 1000).
--
-- The addition itself takes milliseconds, but its lock waits for every open transaction on the table, and later transactions
-- wait for the lock. Each attempt therefore waits at most two seconds and then lets recording continue for one.
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
