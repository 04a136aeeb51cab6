-- Up Migration
-- Contract. Locks: ad_events and the counts against everything, for milliseconds; it lets traffic pass while it waits.

-- Reports: counts per quarter of an hour, kept for ever, and impressions in the counts per second and per minute.
--
-- A writer of the previous release does not know the new counts, so it must not write any more: the tables that it writes get
-- new names, and its statements fail until it is replaced. Nothing is lost, because a failed batch is retried. Views with the
-- old names serve its reads.

-- Takes exclusive locks on tables that live traffic uses. Each attempt waits at most two seconds, and then lets the traffic
-- continue for one second. It fails after ten minutes.
CREATE FUNCTION lock_exclusively(VARIADIC tables regclass[]) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
  names text := array_to_string(tables, ', ');
BEGIN
  PERFORM set_config('lock_timeout', '2s', true);
  FOR attempt IN 1..200 LOOP
    BEGIN
      EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', names);
      PERFORM set_config('lock_timeout', '0', true);
      RETURN;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      PERFORM pg_sleep(1);
    END;
  END LOOP;
  RAISE EXCEPTION '% were in use by other transactions for ten minutes', names
    USING HINT = 'End the long transactions (pg_stat_activity) and migrate again.';
END
$$;
SELECT lock_exclusively('ad_events', 'clicks_per_second', 'clicks_per_minute', 'ad_totals');
DROP FUNCTION lock_exclusively;

ALTER TABLE clicks_per_second RENAME TO counts_per_second;
ALTER TABLE counts_per_second ADD COLUMN impressions bigint NOT NULL DEFAULT 0;
ALTER INDEX clicks_per_second_pkey RENAME TO counts_per_second_pkey;
ALTER INDEX clicks_per_second_by_time RENAME TO counts_per_second_by_time;
ALTER TABLE clicks_per_minute RENAME TO counts_per_minute;
ALTER TABLE counts_per_minute ADD COLUMN impressions bigint NOT NULL DEFAULT 0;
ALTER INDEX clicks_per_minute_pkey RENAME TO counts_per_minute_pkey;
ALTER INDEX clicks_per_minute_by_time RENAME TO counts_per_minute_by_time;

-- OFFSET makes the views read-only.
CREATE VIEW clicks_per_second AS SELECT ad_id, second, clicks FROM counts_per_second OFFSET 0;
CREATE VIEW clicks_per_minute AS SELECT ad_id, minute, clicks FROM counts_per_minute OFFSET 0;

-- A bucket is a number of quarter-hours since 1970. A day of any time zone is a whole number of them. `play_time_ms` is the sum
-- of the play times that clicks report, and `play_times` the number of these clicks.
CREATE TABLE counts_per_quarter_hour (
  ad_id        text    NOT NULL,
  quarter_hour integer NOT NULL,
  clicks       integer NOT NULL,
  impressions  integer NOT NULL,
  play_times   integer NOT NULL,
  play_time_ms bigint  NOT NULL,
  PRIMARY KEY (ad_id, quarter_hour)
) WITH (fillfactor = 70);
-- A report on all ads reads a range of time, which is a range of pages while events arrive in the order of time.
CREATE INDEX counts_per_quarter_hour_by_time ON counts_per_quarter_hour USING brin (quarter_hour);

-- Events from before this migration are not counted per quarter-hour yet. A backfill counts them beside live traffic: see
-- backfill.ts. Existing rows get false without being rewritten; new rows get true.
ALTER TABLE ad_events ADD COLUMN in_reports boolean NOT NULL DEFAULT false;
ALTER TABLE ad_events ALTER COLUMN in_reports SET DEFAULT true;

-- The progress of the backfill. It counts from the greatest id to the least, so that recent days come first. Events up to
-- `next_id` are not counted yet. When all are counted, `next_id` is null.
CREATE TABLE report_backfill (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  next_id  uuid,
  events   bigint NOT NULL DEFAULT 0
);
INSERT INTO report_backfill (next_id) VALUES ((SELECT id FROM ad_events ORDER BY id DESC LIMIT 1));

CREATE OR REPLACE FUNCTION current_ledger() RETURNS text
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
        pg_relation_filenode('counts_per_minute'),
        pg_relation_filenode('counts_per_second')
      ), 'UTF8')), 'base64'), '+/', '-_'), 9)
    FROM ledger_identity
  );
END
$$;

-- Ads get the labels that reports group by, and the dates of their campaigns.
ALTER TABLE ads
  ADD COLUMN title            text CHECK (length(title) BETWEEN 1 AND 200),
  ADD COLUMN advertiser       text CHECK (length(advertiser) BETWEEN 1 AND 200),
  ADD COLUMN campaign         text CHECK (length(campaign) BETWEEN 1 AND 200),
  ADD COLUMN duration_seconds numeric(8, 3) CHECK (duration_seconds > 0),
  ADD COLUMN status           text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'paused', 'archived')),
  ADD COLUMN starts_at        timestamptz,
  ADD COLUMN ends_at          timestamptz CHECK (ends_at > starts_at);

-- Roles that may record get the rights to count quarter-hours and to backfill them.
DO $$
DECLARE
  writer regrole;
BEGIN
  FOR writer IN
    SELECT grantee FROM pg_class, aclexplode(relacl)
    WHERE oid = 'counts_per_second'::regclass AND privilege_type = 'INSERT' AND grantee NOT IN (0, relowner)
  LOOP
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON counts_per_quarter_hour TO %s', writer);
    EXECUTE format('GRANT SELECT, UPDATE ON report_backfill TO %s', writer);
    EXECUTE format('GRANT SELECT ON clicks_per_second, clicks_per_minute TO %s', writer);
  END LOOP;
END
$$;
