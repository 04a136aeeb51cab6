-- The fields of some ads that decide who may read them. Parameter: 1 ad ids. Returns `id`, `advertiser` and `campaign`, which are null
-- for an ad without them.
SELECT id, advertiser, campaign FROM ads WHERE id = ANY($1::text[])
