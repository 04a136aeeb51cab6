-- Up Migration
-- Expand. Locks: no table.

-- Ids of events from URLs (derivedId in packages/models) begin with a time, and ingest refuses them by their age like a UUIDv7, so
-- they need not outlive the partition of their day. Else all pixels of a day would be kept, and deleted row by row.
-- The search of step 2 is the only change to the function of migration 9.
CREATE OR REPLACE FUNCTION drop_old_partition(keep_days integer, pages integer) RETURNS boolean
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
         AND get_byte(uuid_send(id), 6) / 16 <> 7 AND substr(uuid_send(id), 7, 2) <> ''\x8ad5'' AND received_at >= $1
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

DO $$
BEGIN
  -- The function runs with the rights of its owner, so `pg_temp` must be last in its search_path.
  EXECUTE format('ALTER FUNCTION drop_old_partition(integer, integer) SET search_path = %I, pg_temp', current_schema());
END
$$;
