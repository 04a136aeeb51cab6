-- Up Migration
-- Expand. Locks: no existing table.

-- 1. Views for people with SQL tools, in a schema of their own. They contain neither addresses nor session ids. README.md documents
-- the columns.
CREATE SCHEMA reports;

CREATE VIEW reports.ads AS
SELECT id AS ad_id, title, advertiser, campaign, duration_seconds, status, starts_at, ends_at, image_url, target_url,
       created_at, updated_at
FROM ads;

CREATE VIEW reports.totals AS
SELECT ad_id, title, advertiser, campaign, clicks, impressions, clicks::float8 / nullif(impressions, 0) AS ctr
FROM ad_totals LEFT JOIN ads ON id = ad_id;

-- A condition on `bucket` can use the indexes, one on `quarter_hour` cannot.
CREATE VIEW reports.quarter_hours AS
SELECT ad_id, title, advertiser, campaign, to_timestamp(quarter_hour * 900::float8) AS quarter_hour,
       quarter_hour AS bucket, clicks, impressions, starts, first_quartiles, midpoints, third_quartiles, completes, skips,
       viewables, not_viewables, errors, others, play_times, play_time_ms
FROM counts_per_quarter_hour LEFT JOIN ads ON id = ad_id;

CREATE VIEW reports.events AS
SELECT id, kind, ad_id, occurred_at, received_at, claimed_at,
       coalesce(play_time_ms, play_time_seconds * 1000) AS play_time_ms, placement, source, device, country, error_code
FROM ad_events;

-- The role that may read them. A migration role of a managed Postgres may not be allowed to create roles.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ads_reader') THEN
    CREATE ROLE ads_reader NOLOGIN;
    ALTER ROLE ads_reader SET statement_timeout = '60s';
    ALTER ROLE ads_reader SET idle_in_transaction_session_timeout = '60s';
    ALTER ROLE ads_reader SET default_transaction_read_only = on;
  END IF;
EXCEPTION
  WHEN duplicate_object OR unique_violation THEN
    -- Another database of this server is migrated at the same time. Roles belong to the server.
    NULL;
  WHEN insufficient_privilege THEN
    RAISE WARNING 'The role ads_reader was not created, because % may not create roles.', current_user
      USING HINT = 'To let people read the views, run the SQL under "The role ads_reader" in packages/ledger/README.md as a role that may.';
END
$$;
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'ads_reader') THEN
    GRANT USAGE ON SCHEMA reports TO ads_reader;
    GRANT SELECT ON ALL TABLES IN SCHEMA reports TO ads_reader;
    -- Also the views of later migrations.
    ALTER DEFAULT PRIVILEGES IN SCHEMA reports GRANT SELECT ON TABLES TO ads_reader;
  END IF;
END
$$;

-- 2. Forgets a viewer: one step of `npm run erase`.

-- Replaces these addresses by 0.0.0.0 in the events from an id on, and deletes the session ids of these events. A step reads about
-- `most` events. Returns the number of events that it changed, and the id where the next step begins; null after the last event.
-- Counts do not change. The ids of events are the order of the steps, because no index has the addresses, and an event keeps its id
-- when it is moved to another partition.
CREATE FUNCTION erase_address(addresses inet[], from_id uuid, most integer, OUT erased bigint, OUT next_id uuid)
LANGUAGE plpgsql
SECURITY DEFINER
-- Rows are read in the order of the primary key, from the partitions of these ids only.
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
  UPDATE ad_events SET ip = '0.0.0.0', session_id = NULL
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

-- 3. Functions that run as their owner are for the roles that record, not for readers.
DO $$
DECLARE
  writer regrole;
BEGIN
  FOR writer IN
    SELECT grantee FROM pg_class, aclexplode(relacl)
    WHERE oid = 'counts_per_second'::regclass AND privilege_type = 'INSERT' AND grantee NOT IN (0, relowner)
  LOOP
    EXECUTE format('GRANT EXECUTE ON FUNCTION ensure_event_partitions, renew_ledger_identity, erase_address TO %s', writer);
  END LOOP;
  REVOKE EXECUTE ON FUNCTION ensure_event_partitions, renew_ledger_identity, erase_address FROM PUBLIC;
END
$$;
