-- Up Migration
-- Expand. Locks: ads against changes, for some seconds per million rows.

-- The list of ads of a campaign, an advertiser or a status, oldest first, is a range of an index.
CREATE INDEX ads_by_campaign ON ads (campaign, created_at, id) WHERE campaign IS NOT NULL;
CREATE INDEX ads_by_advertiser ON ads (advertiser, created_at, id) WHERE advertiser IS NOT NULL;
CREATE INDEX ads_by_status ON ads (status, created_at, id);
