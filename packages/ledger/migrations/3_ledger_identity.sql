-- Up Migration

-- Redis holds a copy of the rollups, and the copy must not outlive them. Each key in Redis contains the identity of the
-- ledger that it was copied from, and no process reads or raises keys of another identity.
--
-- The ledger id is made once, by this migration. The generation is renewed by whoever makes rollups smaller: by `recount`,
-- by the audit of the counters, and by the trigger below.
CREATE TABLE ledger_identity (
  only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  ledger_id  uuid NOT NULL DEFAULT gen_random_uuid(),
  generation uuid NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO ledger_identity DEFAULT VALUES;

-- The identity: the beginning of the ledger id, a dot, and a hash of what differs after each way in which a database goes back
-- in time or is replaced:
--   generation            recount, DELETE FROM ad_totals
--   start of the server   another server, a restored volume or base backup, point-in-time recovery, a promoted replica: none of
--                         them comes without a start. It also covers a crash with synchronous_commit = off.
--   oid of the database   DROP and CREATE DATABASE, a copy by CREATE DATABASE … TEMPLATE
--   files of the rollups  TRUNCATE, DROP and CREATE TABLE (pg_restore --clean); also VACUUM FULL, which costs a rebuild
-- Everybody may read these, on managed servers too. A restart of Postgres costs a rebuild as well; that is the price for
-- noticing a restored volume, which looks like the one before in everything else.
--
-- NULL while there is no row: pg_restore fills the tables in the order of their names, and this one after the rollups. NULL
-- also on a standby, which is still replaying what Redis would then lack. Without an identity nothing in Redis is trusted.
--
-- A function, as its plan is kept by each session: planning the same as a view takes 0.15 ms of each batch. STABLE: it sees what
-- the statement sees that calls it.
CREATE FUNCTION current_ledger() RETURNS text
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  IF pg_is_in_recovery() THEN
    RETURN NULL;
  END IF;
  RETURN (
    SELECT
      left(ledger_id::text, 6) || '.' ||
      left(translate(encode(sha256(convert_to(concat_ws(
        '/',
        ledger_id,
        generation,
        extract(epoch FROM pg_postmaster_start_time()),
        (SELECT oid FROM pg_database WHERE datname = current_database()),
        pg_relation_filenode('ad_totals'),
        pg_relation_filenode('clicks_per_minute'),
        pg_relation_filenode('clicks_per_second')
      ), 'UTF8')), 'base64'), '+/', '-_'), 9)
    FROM ledger_identity
  );
END
$$;

-- Gives the ledger a new identity, so that nothing in Redis is trusted until a rebuild has filled new counters. Only if its
-- identity is the expected one, where one is given; true when it was renewed. Recording holds its lock on ad_totals until it
-- commits, so this waits for batches under way, and later ones see the new generation.
CREATE FUNCTION renew_ledger_identity(expected text DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql
SECURITY DEFINER
AS $$
BEGIN
  LOCK TABLE ad_totals IN SHARE ROW EXCLUSIVE MODE;
  UPDATE ledger_identity SET generation = gen_random_uuid()
  WHERE expected IS NULL OR expected = current_ledger();
  RETURN FOUND;
END
$$;

-- Rows that an administrator deletes from ad_totals are to disappear from Redis too. BEFORE: no row of ad_totals is locked
-- yet that a batch could wait for.
CREATE FUNCTION renew_ledger_identity_on_delete() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
AS $$
BEGIN
  PERFORM renew_ledger_identity();
  RETURN NULL;
END
$$;
CREATE TRIGGER totals_deleted BEFORE DELETE ON ad_totals
FOR EACH STATEMENT EXECUTE FUNCTION renew_ledger_identity_on_delete();

DO $$
BEGIN
  EXECUTE format('ALTER FUNCTION renew_ledger_identity(text) SET search_path = %I, pg_temp', current_schema());
  EXECUTE format('ALTER FUNCTION renew_ledger_identity_on_delete() SET search_path = %I, pg_temp', current_schema());
END
$$;
