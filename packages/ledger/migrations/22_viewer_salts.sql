-- Up Migration
-- Expand. Locks: no existing table.

-- The salts of the hashes of viewers, one for each UTC day. A salt is a secret: with it, somebody can test whether a hash belongs
-- to an address and a user agent. UNLOGGED, because archived WAL, base backups and standbys would keep a salt for longer than this
-- table does. A crash of Postgres empties the table. The consumers then make other salts: each viewer gets another hash, as at
-- midnight.
CREATE UNLOGGED TABLE viewer_salts (
  day  date  PRIMARY KEY,
  salt bytea NOT NULL CHECK (length(salt) = 32)
);

-- Makes the missing salts of today and the next two days, and deletes those of days that ended two days ago. A UUID has 122 random
-- bits from the source that Postgres uses for secrets, so a salt has 244.
CREATE FUNCTION renew_viewer_salts(OUT made integer, OUT deleted integer)
LANGUAGE plpgsql
AS $$
DECLARE
  today date := (clock_timestamp() AT TIME ZONE 'UTC')::date;
BEGIN
  DELETE FROM viewer_salts WHERE day < today - 2;
  GET DIAGNOSTICS deleted = ROW_COUNT;
  INSERT INTO viewer_salts (day, salt)
  SELECT today + ahead, sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
  FROM generate_series(0, 2) ahead
  ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS made = ROW_COUNT;
END
$$;
SELECT renew_viewer_salts();

-- Roles that may record get the rights to make, read and delete salts; readers do not.
DO $$
DECLARE
  writer regrole;
BEGIN
  FOR writer IN
    SELECT grantee FROM pg_class, aclexplode(relacl)
    WHERE oid = 'counts_per_quarter_hour'::regclass AND privilege_type = 'INSERT' AND grantee NOT IN (0, relowner)
  LOOP
    EXECUTE format('GRANT SELECT, INSERT, DELETE ON viewer_salts TO %s', writer);
  END LOOP;
END
$$;
