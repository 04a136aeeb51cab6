-- Up Migration
-- Expand. Locks: no existing table.

-- Repeated pixels and clicks of a session that came from another viewer than the stored event, by ad and UTC day of their receipt:
-- a cache gave one VAST document to several viewers. A diagnostic: a batch that is delivered again may count again.
CREATE TABLE session_reuse (
  ad_id  text    NOT NULL,
  day    date    NOT NULL,
  events integer NOT NULL,
  PRIMARY KEY (ad_id, day)
);

-- Roles that may record may count.
DO $$
DECLARE
  writer regrole;
BEGIN
  FOR writer IN
    SELECT grantee FROM pg_class, aclexplode(relacl)
    WHERE oid = 'counts_per_quarter_hour'::regclass AND privilege_type = 'INSERT' AND grantee NOT IN (0, relowner)
  LOOP
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON session_reuse TO %s', writer);
  END LOOP;
END
$$;
