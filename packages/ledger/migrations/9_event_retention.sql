-- Up Migration
-- Expand. Locks: no existing table.

-- Retention: stored events are removed after EVENT_RETENTION_DAYS, and rollups stay. Whole partitions are dropped by the time in
-- their ids. Other events (ids of other versions, ids of days without a partition) are deleted by their time of receipt.

-- Facts about the events as a whole.
--   recorded_until  each event that was accepted before this time is recorded; the consumers advance it
--   removed_until   the latest occurred_at of the removed events, null if none was removed; later buckets can be recounted
--   swept_until     other events that were received before this time are deleted
--   dropping        the partition that is being dropped
--   next_page       the first page of it that was not searched yet
CREATE TABLE event_retention (
  only_row       boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
  recorded_until timestamptz NOT NULL DEFAULT '1970-01-01T00:00:00Z',
  removed_until  timestamptz,
  swept_until    timestamptz NOT NULL DEFAULT '1970-01-01T00:00:00Z',
  dropping       text,
  next_page      bigint      NOT NULL DEFAULT 0
);
INSERT INTO event_retention DEFAULT VALUES;

-- The keys of the events that must outlive the partition that is being dropped.
CREATE TABLE ad_events_kept (
  id   uuid NOT NULL,
  kind text NOT NULL,
  PRIMARY KEY (id, kind)
);

-- The time up to which events may be removed: recorded_until minus the days that they are kept. Null while nothing may be
-- removed: no consumer has advanced recorded_until, or events of before migration 7 are not counted for reports yet.
CREATE FUNCTION removable_until(keep_days integer) RETURNS timestamptz
LANGUAGE sql STABLE
AS $$
  SELECT recorded_until - make_interval(hours => 24 * keep_days)
  FROM event_retention
  WHERE keep_days >= 1
    AND recorded_until > timestamptz '1971-01-01T00:00:00Z' + make_interval(hours => 24 * keep_days)
    AND NOT EXISTS (SELECT FROM report_backfill WHERE next_id IS NOT NULL)
$$;

-- Events that are stored or changed in a partition while it is being dropped are kept: the search may have passed their page.
CREATE FUNCTION keep_late_event() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
AS $$
BEGIN
  INSERT INTO ad_events_kept (id, kind) VALUES (NEW.id, NEW.kind) ON CONFLICT DO NOTHING;
  RETURN NULL;
END
$$;

-- One step of dropping the oldest partition of a day, if all ids of its day are older than `keep_days`. Returns true if it made
-- a step. Returns false if there is nothing to drop, if another process removes events, or if a lock was not acquired in half a
-- second; call it again later. The steps of a partition:
--
--   1. Add a trigger that notes each event which is still stored or changed in the partition.
--   2. Search the partition, `pages` pages at a time, for events that must be kept. They have ids of other versions, whose first
--      bits are this day by chance, and were received within the last keep_days + 1 days: a repetition may still come.
--   3. Drop the partition, and move the noted events to the default partition. If they are more than 10,000, the partition is
--      renamed to `<name>_kept` instead, and delete_old_events empties it.
--
-- Only step 3 blocks recording, for some milliseconds. The work can be interrupted at any moment; the next call continues it.
CREATE FUNCTION drop_old_partition(keep_days integer, pages integer) RETURNS boolean
LANGUAGE plpgsql
SECURITY DEFINER
AS $$
DECLARE
  old_until timestamptz;
  progress event_retention;
  old_partition text;
  latest timestamptz;
BEGIN
  PERFORM set_config('lock_timeout', '500ms', true);
  IF NOT pg_try_advisory_xact_lock(hashtext('remove_old_events')) THEN
    RETURN false;
  END IF;
  old_until := removable_until(keep_days);
  IF old_until IS NULL THEN
    RETURN false;
  END IF;
  SELECT * INTO progress FROM event_retention;
  old_partition := progress.dropping;

  IF old_partition IS NULL THEN
    SELECT relname INTO old_partition
    FROM (
      -- The default partition and ad_events_foreign do not end at an id.
      SELECT relname, substring(pg_get_expr(relpartbound, oid) FROM 'TO [(]''([0-9a-f-]{36})''[)]')::uuid AS end_id
      FROM pg_inherits JOIN pg_class ON oid = inhrelid
      WHERE inhparent = 'ad_events'::regclass AND right(relname, 5) <> '_kept'
    ) partitions
    WHERE end_id <= first_uuid_of((old_until AT TIME ZONE 'UTC')::date)
    ORDER BY end_id LIMIT 1;
    IF old_partition IS NULL THEN
      RETURN false;
    END IF;
    EXECUTE format(
      'CREATE TRIGGER keep_late_event AFTER INSERT OR UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION keep_late_event()', old_partition);
    UPDATE event_retention SET dropping = old_partition, next_page = 0;
    RETURN true;
  END IF;

  IF progress.next_page < pages_of(old_partition) THEN
    EXECUTE format(
      'INSERT INTO ad_events_kept (id, kind)
       SELECT id, kind FROM %I WHERE ctid >= ''(%s,0)'' AND ctid < ''(%s,0)''
         AND get_byte(uuid_send(id), 6) / 16 <> 7 AND received_at >= $1
       ON CONFLICT DO NOTHING',
      old_partition, progress.next_page, progress.next_page + pages) USING old_until - interval '24 hours';
    EXECUTE format(
      'SELECT max(occurred_at) FROM %I WHERE ctid >= ''(%s,0)'' AND ctid < ''(%s,0)''',
      old_partition, progress.next_page, progress.next_page + pages) INTO latest;
    UPDATE event_retention
    SET next_page = progress.next_page + pages, removed_until = greatest(removed_until, latest);
    RETURN true;
  END IF;

  IF (SELECT count(*) FROM (SELECT FROM ad_events_kept LIMIT 10001) kept) <= 10000 THEN
    EXECUTE format('ALTER TABLE ad_events DETACH PARTITION %I', old_partition);
    EXECUTE format('INSERT INTO ad_events SELECT old.* FROM %I old JOIN ad_events_kept USING (id, kind)', old_partition);
    EXECUTE format('DROP TABLE %I', old_partition);
  ELSE
    EXECUTE format('DROP TRIGGER keep_late_event ON %I', old_partition);
    EXECUTE format('ALTER TABLE %I RENAME TO %I', old_partition, old_partition || '_kept');
  END IF;
  TRUNCATE ad_events_kept;
  UPDATE event_retention SET dropping = NULL, next_page = 0;
  RETURN true;
EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
  -- Another transaction reads or changes these tables for long.
  RETURN false;
END
$$;

CREATE FUNCTION pages_of(partition text) RETURNS bigint
LANGUAGE sql STABLE
AS $$
  SELECT pg_relation_size(format('%I', partition)::regclass) / current_setting('block_size')::bigint
$$;

-- The partitions from which events are deleted by their time of receipt.
CREATE FUNCTION swept_partitions() RETURNS SETOF text
LANGUAGE sql STABLE
AS $$
  SELECT relname::text
  FROM pg_inherits JOIN pg_class ON oid = inhrelid
  WHERE inhparent = 'ad_events_default'::regclass
    OR inhparent = 'ad_events'::regclass AND (relname = 'ad_events_foreign' OR right(relname, 5) = '_kept')
$$;

-- Deletes events from some pages of one of the swept_partitions that were received more than `keep_days` + 1 days before
-- recorded_until. A UUIDv7 is at most a day ahead of its receipt, so its time is older than keep_days too. Returns the number of
-- deleted events; null after the last page.
CREATE FUNCTION delete_old_events(keep_days integer, partition text, first_page bigint, pages integer) RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER
AS $$
DECLARE
  old_until timestamptz := removable_until(keep_days) - interval '24 hours';
  deleted bigint;
  latest timestamptz;
BEGIN
  IF old_until IS NULL OR partition NOT IN (SELECT swept_partitions()) OR first_page >= pages_of(partition) THEN
    RETURN NULL;
  END IF;
  EXECUTE format(
    'WITH deleted AS (
       DELETE FROM %I WHERE ctid >= ''(%s,0)'' AND ctid < ''(%s,0)'' AND received_at < $1 RETURNING occurred_at
     )
     SELECT count(*), max(occurred_at) FROM deleted',
    partition, first_page, first_page + pages) INTO deleted, latest USING old_until;
  IF deleted > 0 THEN
    UPDATE event_retention SET removed_until = greatest(removed_until, latest);
  END IF;
  RETURN deleted;
END
$$;

DO $$
DECLARE
  name regprocedure;
  writer regrole;
BEGIN
  -- The functions run with the rights of their owner, so `pg_temp` must be last in their search_path.
  FOREACH name IN ARRAY ARRAY[
    'keep_late_event()', 'drop_old_partition(integer, integer)', 'delete_old_events(integer, text, bigint, integer)'
  ]::regprocedure[] LOOP
    EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', name, current_schema());
  END LOOP;
  -- Roles that may record may also advance the times and remove old events.
  FOR writer IN
    SELECT grantee FROM pg_class, aclexplode(relacl)
    WHERE oid = 'counts_per_second'::regclass AND privilege_type = 'INSERT' AND grantee NOT IN (0, relowner)
  LOOP
    EXECUTE format('GRANT SELECT, UPDATE (recorded_until, swept_until) ON event_retention TO %s', writer);
    EXECUTE format('GRANT EXECUTE ON FUNCTION drop_old_partition, delete_old_events TO %s', writer);
  END LOOP;
  REVOKE EXECUTE ON FUNCTION drop_old_partition, delete_old_events FROM PUBLIC;
END
$$;
