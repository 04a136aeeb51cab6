-- The rights of the services, and no more: they record and read, and by functions that have their owner's rights they make the
-- partitions of coming days and renew the identity of the ledger. Run after the migrations. Safe to run again.
GRANT SELECT ON ads, ledger_identity TO ads;
GRANT SELECT, INSERT ON ad_events TO ads;
GRANT SELECT, INSERT, UPDATE ON ad_totals TO ads;
GRANT SELECT, INSERT, UPDATE, DELETE ON clicks_per_second, clicks_per_minute, counter_doubts TO ads;
REVOKE EXECUTE ON FUNCTION ensure_event_partitions, renew_ledger_identity FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_event_partitions, renew_ledger_identity TO ads;
-- That function would find a temporary table before the one of that name.
DO $$ BEGIN EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database()); END $$;
