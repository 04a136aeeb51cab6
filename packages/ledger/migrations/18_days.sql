-- Up Migration
-- Expand. Locks: no existing table.

-- Counts per day, so that reports of long ranges read a hundredth of the rows. days.ts explains why they are exact.
--
-- A recorder that does not mark late buckets must not run beside the builder of days. None can: the recorder of the previous
-- release cannot write since migration 7, which renamed its tables.

-- The counts of the 96 quarter-hours from `start_quarter_hour` on. Each day of each time zone is such a range, unless the clocks
-- change in it. An ad without a row in a built day has no counts in it.
CREATE TABLE counts_per_day (
  start_quarter_hour integer NOT NULL,
  ad_id              text    NOT NULL,
  clicks             bigint  NOT NULL,
  impressions        bigint  NOT NULL,
  starts             bigint  NOT NULL,
  first_quartiles    bigint  NOT NULL,
  midpoints          bigint  NOT NULL,
  third_quartiles    bigint  NOT NULL,
  completes          bigint  NOT NULL,
  skips              bigint  NOT NULL,
  viewables          bigint  NOT NULL,
  not_viewables      bigint  NOT NULL,
  errors             bigint  NOT NULL,
  others             bigint  NOT NULL,
  play_times         bigint  NOT NULL,
  play_time_ms       bigint  NOT NULL,
  PRIMARY KEY (start_quarter_hour, ad_id)
);

-- The days that reports want, and which of them are built. The days of an offset begin at the quarter-hours with the same
-- `remainder` by 96. Those from `built_from` to before `built_until` are built; none are while these are null.
CREATE TABLE day_offsets (
  remainder   integer     PRIMARY KEY CHECK (remainder BETWEEN 0 AND 95),
  asked_at    timestamptz NOT NULL DEFAULT now(),
  built_from  integer,
  built_until integer
);

-- Days are built that end at or before this quarter-hour. Recorders mark each earlier bucket that they change. It is a table of its
-- own because its lock must wait for recorders only.
CREATE TABLE day_tier (
  only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  late_before integer NOT NULL DEFAULT 0
);
INSERT INTO day_tier DEFAULT VALUES;

-- Buckets that changed after their days may have been built. Reports read the quarter-hours of these ads and days.
CREATE TABLE late_quarter_hours (
  ad_id        text    NOT NULL,
  quarter_hour integer NOT NULL
);

-- Without it, a report reads all quarter-hours that were inserted after the last vacuum.
DO $$
BEGIN
  PERFORM set_config('lock_timeout', '2s', true);
  FOR attempt IN 1..200 LOOP
    BEGIN
      ALTER INDEX counts_per_quarter_hour_by_time SET (autosummarize = on);
      PERFORM set_config('lock_timeout', '0', true);
      RETURN;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      PERFORM pg_sleep(1);
    END;
  END LOOP;
  RAISE EXCEPTION 'counts_per_quarter_hour_by_time was in use by other transactions for ten minutes'
    USING HINT = 'End the long transactions (pg_stat_activity) and migrate again.';
END
$$;

-- Roles that may record get the rights to mark late buckets and to build days.
DO $$
DECLARE
  writer regrole;
BEGIN
  FOR writer IN
    SELECT grantee FROM pg_class, aclexplode(relacl)
    WHERE oid = 'counts_per_quarter_hour'::regclass AND privilege_type = 'INSERT' AND grantee NOT IN (0, relowner)
  LOOP
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON counts_per_day, day_offsets TO %s', writer);
    EXECUTE format('GRANT SELECT, UPDATE ON day_tier TO %s', writer);
    EXECUTE format('GRANT SELECT, INSERT, DELETE ON late_quarter_hours TO %s', writer);
  END LOOP;
END
$$;
