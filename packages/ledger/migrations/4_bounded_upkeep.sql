-- Up Migration
-- Expand. Locks: ad_events against everything, for about ten seconds per million rows of its default partition.

-- The cost of maintenance must not depend on the ids and timestamps that players send.

-- 1. A new day's partition makes Postgres search the default partition, under a lock, for rows that belong to the new one.
-- One in 64 UUIDv4 is below the range of ad_events_foreign, so that search would grow with the number of events. The default
-- partition is therefore divided by years, each with a constraint, so that only the year of the new day is searched.
-- Existing rows are moved, and recording waits for some ten seconds per million rows. Each attempt to get the lock waits
-- at most two seconds and then lets recording continue for one.
DO $$
DECLARE
  first_year integer := extract(year FROM now() AT TIME ZONE 'UTC');
  lower_id uuid;
  upper_id uuid;
BEGIN
  PERFORM set_config('lock_timeout', '2s', true);
  FOR attempt IN 1..200 LOOP
    BEGIN
      LOCK TABLE ad_events IN ACCESS EXCLUSIVE MODE;
      EXIT;
    EXCEPTION WHEN lock_not_available THEN
      IF attempt = 200 THEN
        RAISE EXCEPTION 'ad_events was in use by other transactions for ten minutes'
          USING HINT = 'End the long transactions (pg_stat_activity) and migrate again.';
      END IF;
      PERFORM pg_sleep(1);
    END;
  END LOOP;
  PERFORM set_config('lock_timeout', '0', true);
  ALTER TABLE ad_events DETACH PARTITION ad_events_default;
  ALTER TABLE ad_events_default RENAME TO ad_events_default_whole;
  ALTER INDEX IF EXISTS ad_events_default_pkey RENAME TO ad_events_default_whole_pkey;
  CREATE TABLE ad_events_default PARTITION OF ad_events DEFAULT PARTITION BY RANGE (id);
  upper_id := first_uuid_of(make_date(first_year, 1, 1));
  EXECUTE format(
    'CREATE TABLE ad_events_default_past PARTITION OF ad_events_default (CHECK (id < %1$L)) FOR VALUES FROM (MINVALUE) TO (%1$L)',
    upper_id);
  FOR year IN first_year .. first_year + 19 LOOP
    lower_id := upper_id;
    upper_id := first_uuid_of(make_date(year + 1, 1, 1));
    EXECUTE format(
      'CREATE TABLE %I PARTITION OF ad_events_default (CHECK (id >= %2$L AND id < %3$L)) FOR VALUES FROM (%2$L) TO (%3$L)',
      'ad_events_default_' || year, lower_id, upper_id);
  END LOOP;
  EXECUTE format(
    'CREATE TABLE ad_events_default_later PARTITION OF ad_events_default (CHECK (id >= %1$L)) FOR VALUES FROM (%1$L) TO (MAXVALUE)',
    upper_id);
  INSERT INTO ad_events SELECT * FROM ad_events_default_whole;
  DROP TABLE ad_events_default_whole;
END
$$;

-- 2. The partition of a day is created in pieces if rows must be moved into it.

-- The id up to which (exclusive) a day has partitions without a gap: its first id if it has none, the first id of the next day
-- if it is complete.
CREATE FUNCTION event_partitions_end(day date) RETURNS uuid
LANGUAGE sql STABLE
AS $$
  WITH ranges AS (
    -- The pattern has no backslashes, because their meaning depends on the settings of the session.
    SELECT substring(bounds FROM 'FROM [(]''([0-9a-f-]{36})''[)]')::uuid AS lower_id,
           substring(bounds FROM 'TO [(]''([0-9a-f-]{36})''[)]')::uuid AS upper_id
    FROM (
      SELECT pg_get_expr(relpartbound, oid) AS bounds
      FROM pg_inherits JOIN pg_class ON oid = inhrelid
      WHERE inhparent = 'ad_events'::regclass
    ) partitions
  ),
  of_day AS (
    SELECT lower_id, upper_id, lag(upper_id, 1, first_uuid_of(day)) OVER (ORDER BY lower_id) AS end_before
    FROM ranges
    WHERE lower_id >= first_uuid_of(day) AND upper_id <= first_uuid_of(day + 1)
  ),
  joined AS (
    SELECT upper_id, bool_and(lower_id = end_before) OVER (ORDER BY lower_id) AS without_gap FROM of_day
  )
  SELECT coalesce(
    (SELECT upper_id FROM joined WHERE without_gap ORDER BY upper_id DESC LIMIT 1),
    first_uuid_of(day)
  )
$$;

-- Creates the next partition of each of these days that is not complete, and returns the number of created partitions. It
-- blocks recording for less than a second, whatever the size of the default partition: it moves rows of the day in the order
-- of their ids for a third of a second, and ends the partition after the last moved row. Call it until it returns 0. It also
-- returns 0 if it did not get a lock within the timeout; event_partitions_end shows whether a day is complete.
CREATE OR REPLACE FUNCTION ensure_event_partitions(first_day date, days integer) RETURNS integer
LANGUAGE plpgsql
SECURITY DEFINER
AS $$
DECLARE
  made integer := 0;
  day date;
  partition text;
  piece integer;
  lower_id uuid;
  upper_id uuid;
  end_id uuid;
  moved_to uuid;
  started timestamptz;
BEGIN
  PERFORM set_config('lock_timeout', '500ms', true);
  -- Rows must be read in the order of the primary key. With old statistics, Postgres would sort all remaining rows each time.
  PERFORM set_config(setting, 'off', true)
  FROM unnest(ARRAY['enable_seqscan', 'enable_bitmapscan', 'enable_sort', 'jit']) AS setting;
  FOR day IN SELECT first_day + n FROM generate_series(0, days - 1) AS n LOOP
    CONTINUE WHEN event_partitions_end(day) >= first_uuid_of(day + 1);
    BEGIN
      -- One at a time: consumers start together.
      PERFORM pg_advisory_xact_lock(hashtext('ensure_event_partitions'));
      -- The lock blocks recording: otherwise a row of this day could reach the default partition after the others were moved,
      -- and a redelivered row would not find its first copy.
      LOCK TABLE ONLY ad_events IN SHARE ROW EXCLUSIVE MODE;
      -- ATTACH PARTITION needs this lock. Taking it first means that a long reader stops the step before rows are moved.
      LOCK TABLE ad_events_default IN ACCESS EXCLUSIVE MODE;
      lower_id := event_partitions_end(day);
      end_id := first_uuid_of(day + 1);
      CONTINUE WHEN lower_id >= end_id;
      piece := 1;
      partition := 'ad_events_' || to_char(day, 'YYYYMMDD');
      WHILE to_regclass(partition) IS NOT NULL LOOP
        piece := piece + 1;
        partition := format('ad_events_%s_%s', to_char(day, 'YYYYMMDD'), piece);
      END LOOP;
      EXECUTE format('CREATE TABLE %I (LIKE ad_events INCLUDING ALL)', partition);
      started := clock_timestamp();
      moved_to := lower_id;
      LOOP
        -- Moves about a thousand rows at a time, and all rows with the same id together.
        SELECT id INTO upper_id FROM ad_events_default
        WHERE id >= moved_to AND id < end_id ORDER BY id OFFSET 1000 LIMIT 1;
        upper_id := coalesce(upper_id, end_id);
        EXECUTE format(
          'WITH moved AS (DELETE FROM ad_events_default WHERE id >= $1 AND id < $2 RETURNING *) INSERT INTO %I SELECT * FROM moved',
          partition) USING moved_to, upper_id;
        moved_to := upper_id;
        EXIT WHEN moved_to = end_id OR clock_timestamp() >= started + interval '300 milliseconds';
      END LOOP;
      EXECUTE format(
        'ALTER TABLE ad_events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', partition, lower_id, moved_to);
      made := made + 1;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      -- A long transaction uses these tables. The caller retries.
      NULL;
    END;
  END LOOP;
  RETURN made;
END
$$;

DO $$
BEGIN
  -- The function runs with the rights of its owner, so temporary tables of the caller must be searched last.
  EXECUTE format(
    'ALTER FUNCTION ensure_event_partitions(date, integer) SET search_path = %I, pg_temp',
    current_schema()
  );
END
$$;

-- 3. Minute buckets are pruned in the same way as second buckets, so each role that may delete second buckets may delete minute
-- buckets.
CREATE INDEX clicks_per_minute_by_time ON clicks_per_minute USING brin (minute);
DO $$
DECLARE
  pruner regrole;
BEGIN
  FOR pruner IN
    SELECT grantee FROM pg_class, aclexplode(relacl)
    WHERE oid = 'clicks_per_second'::regclass AND privilege_type = 'DELETE' AND grantee <> 0
  LOOP
    EXECUTE format('GRANT DELETE ON clicks_per_minute TO %s', pruner);
  END LOOP;
END
$$;
