-- Lets days be built up to quarter-hour $1. Run it under an exclusive lock on day_tier: see days.ts.
UPDATE day_tier SET late_before = greatest(late_before, $1::integer)
