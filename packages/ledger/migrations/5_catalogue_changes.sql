-- Expand. Locks: ads against everything, and clicks_per_minute against recording, for about a second per million rows.

-- The time of the last change of an ad, so that services read changes instead of the whole catalogue. A trigger sets it,
-- whichever tool edits the catalogue.
ALTER TABLE ads ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now();

CREATE FUNCTION stamp_ad() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  NEW.updated_at := pg_catalog.clock_timestamp();
  RETURN NEW;
END
$$;
CREATE TRIGGER ads_updated_at BEFORE INSERT OR UPDATE ON ads FOR EACH ROW EXECUTE FUNCTION stamp_ad();

CREATE INDEX ads_by_update ON ads (updated_at);
-- The order of the list of ads: a page is a range of this index.
CREATE INDEX ads_by_creation ON ads (created_at, id);

-- The ranking of 24 hours reads minutes by time. They are inserted in the order of time, so a BRIN index stays small.
CREATE INDEX IF NOT EXISTS clicks_per_minute_by_time ON clicks_per_minute USING brin (minute);
