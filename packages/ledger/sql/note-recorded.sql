-- Notes that each event which was accepted before a time is recorded. The time never goes back.
-- Parameter: 1 milliseconds since the epoch.
UPDATE event_retention SET recorded_until = to_timestamp($1::float8 / 1000)
WHERE recorded_until < to_timestamp($1::float8 / 1000)
