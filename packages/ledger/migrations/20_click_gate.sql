-- Up Migration
-- Expand. Locks: no existing table.

-- The gate: recent clicks of each viewer on each ad. It decides whether a click is a double click or part of a flood, when the
-- click is recorded. Verdicts are stored with the events, so the table may be lost: after a crash of Postgres it is empty, and the
-- next clicks are judged as the first ones of their viewers.
--   key         hash of ad and viewer
--   last_click  time of the latest click in milliseconds since 1970
--   hour        the newest hour in which a click was received, in hours since 1970
--   clicks      clicks that were received in that hour
--   before_…    the values before the latest change; null if there was none
CREATE UNLOGGED TABLE click_gate (
  key           bigint  PRIMARY KEY,
  last_click    bigint  NOT NULL,
  before_click  bigint,
  hour          integer NOT NULL,
  clicks        integer NOT NULL,
  before_hour   integer,
  before_clicks integer
) WITH (fillfactor = 50);

-- Roles that may record get the rights on the gate.
DO $$
DECLARE
  writer regrole;
BEGIN
  FOR writer IN
    SELECT grantee FROM pg_class, aclexplode(relacl)
    WHERE oid = 'counts_per_quarter_hour'::regclass AND privilege_type = 'INSERT' AND grantee NOT IN (0, relowner)
  LOOP
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON click_gate TO %s', writer);
  END LOOP;
END
$$;
