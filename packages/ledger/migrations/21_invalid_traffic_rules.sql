-- Up Migration
-- Expand. Locks: no existing table.

-- The rules that decided verdicts, and when they were in force. Each process registers its rules once a minute.
--   decided_by  `ingest` or `gate`, as in packages/models/src/verdicts.ts
--   hash        identifies the rules
--   since       start of the period; until: the last time at which a process registered them
-- Two processes that begin at once may add the same period twice. Readers merge periods of the same rules that overlap.
CREATE TABLE invalid_traffic_rules (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  decided_by text        NOT NULL,
  hash       text        NOT NULL,
  rules      jsonb       NOT NULL,
  since      timestamptz NOT NULL,
  until      timestamptz NOT NULL,
  CHECK (since <= until)
) WITH (fillfactor = 50);

-- Roles that may record get the rights on the rules.
DO $$
DECLARE
  writer regrole;
BEGIN
  FOR writer IN
    SELECT grantee FROM pg_class, aclexplode(relacl)
    WHERE oid = 'counts_per_quarter_hour'::regclass AND privilege_type = 'INSERT' AND grantee NOT IN (0, relowner)
  LOOP
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON invalid_traffic_rules TO %s', writer);
  END LOOP;
END
$$;
