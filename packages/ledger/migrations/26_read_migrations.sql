-- Up Migration
-- Expand. Locks: no table.

-- Services become ready only when the migrations that they need have run, so they read which ones did.
-- Roles that may record may read them.
DO $$
DECLARE
  writer regrole;
BEGIN
  FOR writer IN
    SELECT grantee FROM pg_class, aclexplode(relacl)
    WHERE oid = 'counts_per_quarter_hour'::regclass AND privilege_type = 'INSERT' AND grantee NOT IN (0, relowner)
  LOOP
    EXECUTE format('GRANT SELECT ON migrations TO %s', writer);
  END LOOP;
END
$$;
