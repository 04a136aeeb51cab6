-- Up Migration
-- Expand. Locks: ad_events and counts_per_quarter_hour against everything, for milliseconds; it lets traffic pass while it waits.

-- More kinds of events, labels of events, and reports by label. It only expands the schema, so a consumer of the previous release
-- can still record.

-- Takes the lock on the events of live traffic as migration 7 does: two seconds per attempt, for up to ten minutes.
DO $$
BEGIN
  PERFORM set_config('lock_timeout', '2s', true);
  FOR attempt IN 1..200 LOOP
    BEGIN
      LOCK TABLE ad_events, counts_per_quarter_hour IN ACCESS EXCLUSIVE MODE;
      PERFORM set_config('lock_timeout', '0', true);
      RETURN;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      PERFORM pg_sleep(1);
    END;
  END LOOP;
  RAISE EXCEPTION 'ad_events was in use by other transactions for ten minutes'
    USING HINT = 'End the long transactions (pg_stat_activity) and migrate again.';
END
$$;

-- Consumers refuse kinds that they do not know, so a list of kinds here would only have to be replaced for each new kind.
ALTER TABLE ad_events
  DROP CONSTRAINT ad_events_kind_check,
  ADD COLUMN session_id text,
  ADD COLUMN placement  text,
  ADD COLUMN source     text,
  ADD COLUMN device     text,
  ADD COLUMN country    text,
  ADD COLUMN error_code text;

ALTER TABLE counts_per_quarter_hour
  ADD COLUMN starts          integer NOT NULL DEFAULT 0,
  ADD COLUMN first_quartiles integer NOT NULL DEFAULT 0,
  ADD COLUMN midpoints       integer NOT NULL DEFAULT 0,
  ADD COLUMN third_quartiles integer NOT NULL DEFAULT 0,
  ADD COLUMN completes       integer NOT NULL DEFAULT 0,
  ADD COLUMN skips           integer NOT NULL DEFAULT 0,
  ADD COLUMN viewables       integer NOT NULL DEFAULT 0,
  ADD COLUMN not_viewables   integer NOT NULL DEFAULT 0,
  ADD COLUMN errors          integer NOT NULL DEFAULT 0,
  ADD COLUMN others          integer NOT NULL DEFAULT 0;

-- The values of labels that are counted by name: at most MAX_LABEL_VALUES per ad and label. All other values are counted
-- as '(other)'. A value is added before its first event is counted, and is never removed. The label is its number in
-- EVENT_LABELS.
CREATE TABLE label_values (
  ad_id text     NOT NULL,
  label smallint NOT NULL,
  value text     NOT NULL,
  PRIMARY KEY (ad_id, label, value)
);

-- Adds the values that are new, of ads in the catalogue, as long as their ad and label have fewer than `most`. The arrays have
-- equal lengths. One caller at a time: a second statement in the function sees what the caller before has committed.
CREATE FUNCTION register_label_values(given_ads text[], given_labels smallint[], given_values text[], most integer) RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('register_label_values'));
  WITH missing AS MATERIALIZED (
    SELECT ad_id, label, value, min(place) AS place
    FROM unnest(given_ads, given_labels, given_values) WITH ORDINALITY AS asked (ad_id, label, value, place)
    WHERE value <> '(other)'
      AND NOT EXISTS (SELECT FROM label_values held
                      WHERE held.ad_id = asked.ad_id AND held.label = asked.label AND held.value = asked.value)
    GROUP BY ad_id, label, value
  ),
  pairs AS (
    SELECT ad_id, label, (
      SELECT count(*) FROM label_values held WHERE held.ad_id = pair.ad_id AND held.label = pair.label
    ) AS held
    FROM (SELECT DISTINCT ad_id, label FROM missing) pair
    WHERE EXISTS (SELECT FROM ads catalogue WHERE catalogue.id = pair.ad_id)
  )
  INSERT INTO label_values (ad_id, label, value)
  SELECT ad_id, label, value
  FROM (
    SELECT ad_id, label, value, held + row_number() OVER (PARTITION BY ad_id, label ORDER BY place) AS number
    FROM missing JOIN pairs USING (ad_id, label)
  ) numbered
  WHERE number <= most;
END
$$;

-- A process remembers registered values while the identity of the ledger stays the same. The identity therefore also depends on
-- this table.
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
        pg_relation_filenode('counts_per_second'),
        pg_relation_filenode('label_values')
      ), 'UTF8')), 'base64'), '+/', '-_'), 9)
    FROM ledger_identity
  );
END
$$;

-- Counts like those per quarter-hour, for the events with a label. An event counts once for each of its labels.
CREATE TABLE counts_per_label (
  ad_id           text     NOT NULL,
  label           smallint NOT NULL,
  quarter_hour    integer  NOT NULL,
  value           text     NOT NULL,
  clicks          integer  NOT NULL,
  impressions     integer  NOT NULL,
  starts          integer  NOT NULL,
  first_quartiles integer  NOT NULL,
  midpoints       integer  NOT NULL,
  third_quartiles integer  NOT NULL,
  completes       integer  NOT NULL,
  skips           integer  NOT NULL,
  viewables       integer  NOT NULL,
  not_viewables   integer  NOT NULL,
  errors          integer  NOT NULL,
  others          integer  NOT NULL,
  play_times      integer  NOT NULL,
  play_time_ms    bigint   NOT NULL,
  PRIMARY KEY (ad_id, label, quarter_hour, value)
) WITH (fillfactor = 70);
CREATE INDEX counts_per_label_by_time ON counts_per_label USING brin (quarter_hour);

-- The clicks of an ad by the second of the video at which they happened, over all time.
CREATE TABLE clicks_per_play_second (
  ad_id       text    NOT NULL,
  play_second integer NOT NULL,
  clicks      bigint  NOT NULL,
  PRIMARY KEY (ad_id, play_second)
) WITH (fillfactor = 70);

-- Roles that may record get the rights on the new tables.
DO $$
DECLARE
  writer regrole;
BEGIN
  FOR writer IN
    SELECT grantee FROM pg_class, aclexplode(relacl)
    WHERE oid = 'counts_per_quarter_hour'::regclass AND privilege_type = 'INSERT' AND grantee NOT IN (0, relowner)
  LOOP
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON counts_per_label, clicks_per_play_second TO %s', writer);
    EXECUTE format('GRANT SELECT, INSERT ON label_values TO %s', writer);
  END LOOP;
END
$$;
