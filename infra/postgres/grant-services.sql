-- Grants the services the rights that they need: to record and read, to create and change ads and API keys, and to call the
-- SECURITY DEFINER functions that create and remove partitions, renew the identity of the ledger, erase an address, and prune API keys. Run it
-- after the migrations. It can be repeated.
-- Everybody may use the schema `public`, but not one that POSTGRES_SCHEMA names.
DO $$ BEGIN EXECUTE format('GRANT USAGE ON SCHEMA %I TO ads;', current_schema()); END $$;
GRANT SELECT ON ads, ledger_identity, migrations TO ads;
GRANT INSERT (
  id, title, advertiser, campaign, image_url, target_url, click_mode, duration_seconds, skip_offset, media, vast_url,
  companion, status, starts_at, ends_at
) ON ads TO ads;
GRANT UPDATE (
  title, advertiser, campaign, image_url, target_url, click_mode, duration_seconds, skip_offset, media, vast_url,
  companion, status, starts_at, ends_at
) ON ads TO ads;
GRANT SELECT, INSERT ON ad_changes, api_key_changes TO ads;
GRANT SELECT, INSERT, UPDATE (deleted_at) ON api_keys TO ads;
GRANT SELECT, UPDATE (version) ON api_key_version TO ads;
GRANT SELECT ON api_key_ends TO ads;
GRANT SELECT, INSERT ON ad_events TO ads;
GRANT SELECT, INSERT, UPDATE ON ad_totals, counts_per_quarter_hour, counts_per_label, clicks_per_play_second TO ads;
GRANT SELECT, INSERT ON label_values TO ads;
GRANT SELECT, INSERT, UPDATE ON invalid_traffic_rules TO ads;
GRANT SELECT, UPDATE ON report_backfill TO ads;
GRANT SELECT, UPDATE (recorded_until, swept_until, minutes_from, minutes_kept) ON event_retention TO ads;
GRANT SELECT, INSERT, UPDATE, DELETE ON counts_per_day, day_offsets TO ads;
GRANT SELECT, UPDATE ON day_tier TO ads;
GRANT SELECT, INSERT, DELETE ON late_quarter_hours, viewer_salts TO ads;
-- For services of the previous release, until they are replaced.
GRANT SELECT ON clicks_per_second, clicks_per_minute TO ads;
GRANT SELECT, INSERT, UPDATE, DELETE ON counts_per_second, counts_per_minute, counter_doubts, click_gate, session_reuse TO ads;
GRANT EXECUTE ON FUNCTION ensure_event_partitions, drop_old_partition, delete_old_events, renew_ledger_identity, erase_address TO ads;
GRANT EXECUTE ON FUNCTION prune_api_keys TO ads;
-- A temporary table would shadow the table that such a function uses.
DO $$ BEGIN EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database()); END $$;
