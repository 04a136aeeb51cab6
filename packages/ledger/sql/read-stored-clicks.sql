-- The ids among some that have a stored click. Parameter: 1 ids.
SELECT id FROM unnest($1::uuid[]) AS given (id)
-- OFFSET keeps the planner from reading all events to join them.
WHERE EXISTS (SELECT FROM ad_events stored WHERE stored.id = given.id AND stored.kind IN (:kinds_in_clicks) OFFSET 0)
