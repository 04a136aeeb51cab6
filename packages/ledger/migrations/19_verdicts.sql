-- Up Migration
-- Expand. Locks: ad_events and the counts per quarter-hour, label and day against everything, for milliseconds; it lets traffic pass while it waits.

-- Invalid traffic: the verdict on each event, and counts of invalid events. The other counts hold valid events only.

-- Takes the locks as migration 8 does. The additions rewrite no table: old rows get their values when they are read.
DO $$
BEGIN
  PERFORM set_config('lock_timeout', '2s', true);
  FOR attempt IN 1..200 LOOP
    BEGIN
      LOCK TABLE ad_events, counts_per_label, counts_per_quarter_hour, counts_per_day IN ACCESS EXCLUSIVE MODE;
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

-- The number of the verdict, null for a valid event, and the hash of the viewer, null if it is not known. A list of the numbers
-- here would only have to be replaced for each new verdict: consumers refuse those that they do not know.
ALTER TABLE ad_events
  ADD COLUMN verdict smallint,
  ADD COLUMN viewer  bigint;

-- A consumer of the previous release can still record: it knows no invalid events, so it counts none.
ALTER TABLE counts_per_quarter_hour
  ADD COLUMN invalid_clicks      integer NOT NULL DEFAULT 0,
  ADD COLUMN invalid_impressions integer NOT NULL DEFAULT 0,
  ADD COLUMN invalid_others      integer NOT NULL DEFAULT 0;
ALTER TABLE counts_per_label
  ADD COLUMN invalid_clicks      integer NOT NULL DEFAULT 0,
  ADD COLUMN invalid_impressions integer NOT NULL DEFAULT 0,
  ADD COLUMN invalid_others      integer NOT NULL DEFAULT 0;

-- The builder of days of the previous release would leave out invalid events, so it must fail until it is replaced: without a
-- default, its rows are refused.
ALTER TABLE counts_per_day
  ADD COLUMN invalid_clicks      bigint NOT NULL DEFAULT 0,
  ADD COLUMN invalid_impressions bigint NOT NULL DEFAULT 0,
  ADD COLUMN invalid_others      bigint NOT NULL DEFAULT 0;
ALTER TABLE counts_per_day
  ALTER COLUMN invalid_clicks      DROP DEFAULT,
  ALTER COLUMN invalid_impressions DROP DEFAULT,
  ALTER COLUMN invalid_others      DROP DEFAULT;

CREATE OR REPLACE VIEW reports.quarter_hours AS
SELECT ad_id, title, advertiser, campaign, to_timestamp(quarter_hour * 900::float8) AS quarter_hour,
       quarter_hour AS bucket, clicks, impressions, starts, first_quartiles, midpoints, third_quartiles, completes, skips,
       viewables, not_viewables, errors, others, play_times, play_time_ms, invalid_clicks, invalid_impressions, invalid_others
FROM counts_per_quarter_hour LEFT JOIN ads ON id = ad_id;

CREATE OR REPLACE VIEW reports.events AS
SELECT id, kind, ad_id, occurred_at, received_at, claimed_at,
       coalesce(play_time_ms, play_time_seconds * 1000) AS play_time_ms, placement, source, device, country, error_code, verdict
FROM ad_events;

-- The hash of the viewer is erased with the address: the assignment of it is the only change to the function of migration 10.
CREATE OR REPLACE FUNCTION erase_address(addresses inet[], from_id uuid, most integer, OUT erased bigint, OUT next_id uuid)
LANGUAGE plpgsql
SECURITY DEFINER
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_sort = off
SET jit = off
SET plan_cache_mode = force_custom_plan
AS $$
BEGIN
  -- Waits while ensure_event_partitions moves events: the statements below would not see them in their new partition.
  LOCK TABLE ONLY ad_events IN ROW EXCLUSIVE MODE;
  SELECT id INTO next_id FROM ad_events WHERE id > from_id ORDER BY id OFFSET most LIMIT 1;
  UPDATE ad_events SET ip = '0.0.0.0', session_id = NULL, viewer = NULL
  WHERE id >= from_id AND (next_id IS NULL OR id < next_id) AND ip = ANY (addresses);
  GET DIAGNOSTICS erased = ROW_COUNT;
END
$$;

-- The function runs with the rights of its owner, so `pg_temp` must be last in its search_path.
DO $$
BEGIN
  EXECUTE format('ALTER FUNCTION erase_address SET search_path = %I, pg_temp', current_schema());
END
$$;
