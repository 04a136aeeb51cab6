-- Expand. Locks: no table.

-- The function runs with the rights of its owner. By default Postgres searches temporary tables first, so a role that may
-- create temporary tables could replace a table of the function by one with a trigger.
DO $$
BEGIN
  EXECUTE format(
    'ALTER FUNCTION ensure_event_partitions(date, integer) SET search_path = %I, pg_temp',
    current_schema()
  );
END
$$;
