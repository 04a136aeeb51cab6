-- This function runs as its owner. Postgres looks for tables among the temporary ones first unless told otherwise, so a
-- role that may make such could put one of its own, with a trigger, in the way.
DO $$
BEGIN
  EXECUTE format(
    'ALTER FUNCTION ensure_event_partitions(date, integer) SET search_path = %I, pg_temp',
    current_schema()
  );
END
$$;
