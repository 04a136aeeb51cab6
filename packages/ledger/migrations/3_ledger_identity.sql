-- Up Migration
-- Expand. Locks: ad_totals against recording, for milliseconds once its transactions have ended.

-- Redis holds a copy of the rollups, and the copy must not outlive them. Each key in Redis contains the identity of the
-- ledger that it was copied from, and no process reads or raises keys of another identity.
--
-- This migration creates the ledger id once. The generation is renewed by each operation that lowers rollups (`recount` and the
-- trigger below), and by the audit of the counters when a counter in Redis is wrong.
CREATE TABLE ledger_identity (
  only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  ledger_id  uuid NOT NULL DEFAULT gen_random_uuid(),
  generation uuid NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO ledger_identity DEFAULT VALUES;

-- The identity: the beginning of the ledger id, a dot, and a hash of values that change whenever a database goes back in time
-- or is replaced:
--   generation            recount, DELETE FROM ad_totals
--   start of the server   another server, a restored volume or base backup, point-in-time recovery, a promoted replica: all of
--                         them include a start. It also covers a crash with synchronous_commit = off.
--   oid of the database   DROP and CREATE DATABASE, a copy by CREATE DATABASE … TEMPLATE
--   files of the rollups  TRUNCATE, DROP and CREATE TABLE (pg_restore --clean); also VACUUM FULL, which costs a rebuild
-- Every role may read these values, on managed servers too. A restart of Postgres costs a rebuild, because the start of
-- the server is the only difference between a restored volume and its predecessor.
--
-- The identity is NULL while ledger_identity is empty, as during a restore: pg_restore loads tables in the order of their
-- names, so it loads ledger_identity after the rollups. It is also NULL on a standby, whose rollups still change by replay.
-- Without an identity no counter in Redis is trusted.
--
-- This is a function, because each session caches its plan. A view with the same query would cost 0.15 ms of planning per
-- batch. It is STABLE, so that it uses the snapshot of the calling statement.
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

-- Gives the ledger a new identity, so that no counter in Redis is trusted until a rebuild has filled new ones. If an expected
-- identity is given, it must be the current one. Returns true if the identity was renewed. Recording holds its lock on
-- ad_totals until it commits, so this waits for open batches, and later batches see the new generation.
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

-- When an administrator deletes rows from ad_totals, their counters must disappear from Redis too. A BEFORE trigger runs while
-- no row of ad_totals is locked, so batches cannot deadlock with it.
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
