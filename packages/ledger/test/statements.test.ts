import { fillInKinds, VALID_COLUMNS } from '@ads/models';
import { expect, it } from '@jest/globals';
import { readText } from '../src/files.js';

it('replaces every placeholder with a list of kinds', () => {
  expect(
    fillInKinds('a IN (:kinds_in_clicks) OR b IN (:kinds_in_totals), :count_wide, c::text', VALID_COLUMNS),
  ).toMatch(
    /^a IN \('click'\) OR b IN \('click', 'impression'\), \(count\(\*\) FILTER \(WHERE kind IN \('start'\)\)\)::integer AS starts, .*, c::text$/,
  );
  expect(fillInKinds(':count')).toMatch(
    /\('start'\) AND verdict IS NULL\)\)::integer AS starts, .*\('click'\) AND verdict IS NOT NULL\)\)::integer AS invalid_clicks, /,
  );
  const names = ['record-batch', 'recount', 'backfill-reports', 'refresh-days', 'build-day', 'read-stored-clicks'];
  for (const text of names.map((name) => fillInKinds(readText(`sql/${name}.sql`)))) {
    expect(text.replaceAll(/^--.*$/gm, '')).not.toMatch(/[^:]:[a-z]/);
  }
});
