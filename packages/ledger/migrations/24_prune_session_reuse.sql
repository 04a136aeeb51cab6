-- Up Migration
-- Expand. Locks: session_reuse against recording, for milliseconds.

-- Old days of session_reuse are deleted: see sql/prune-reused-sessions.sql.
CREATE INDEX session_reuse_day ON session_reuse (day);

-- Roles that may count may delete old days.
DO $$
DECLARE
  writer regrole;
BEGIN
  FOR writer IN
    SELECT grantee FROM pg_class, aclexplode(relacl)
    WHERE oid = 'session_reuse'::regclass AND privilege_type = 'INSERT' AND grantee NOT IN (0, relowner)
  LOOP
    EXECUTE format('GRANT DELETE ON session_reuse TO %s', writer);
  END LOOP;
END
$$;
