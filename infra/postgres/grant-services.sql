-- What the services may do, and no more: they record and read, and make the partitions of coming days by a function that
-- has its owner's rights. Run after the migrations. Safe to run again.
GRANT SELECT ON ads TO ads;
GRANT SELECT, INSERT ON ad_events TO ads;
GRANT SELECT, INSERT, UPDATE ON clicks_per_minute, ad_totals TO ads;
GRANT SELECT, INSERT, UPDATE, DELETE ON clicks_per_second, counter_doubts TO ads;
REVOKE EXECUTE ON FUNCTION ensure_event_partitions FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_event_partitions TO ads;
-- That function would find a temporary table before the one of that name.
DO $$ BEGIN EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database()); END $$;
