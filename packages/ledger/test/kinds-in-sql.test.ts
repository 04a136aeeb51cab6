import { expect, it } from '@jest/globals';
import { readText } from '../src/files.js';
import { fillInKinds } from '../src/kinds-in-sql.js';

it('replaces every placeholder with a list of kinds', () => {
  expect(fillInKinds('a IN (:kinds_in_clicks) OR b IN (:kinds_in_impressions)')).toBe(
    "a IN ('click') OR b IN ('impression')",
  );
  for (const path of ['sql/record-batch.sql', 'sql/recount.sql']) {
    expect(fillInKinds(readText(path)).replaceAll(/^--.*$/gm, '')).not.toContain(':kinds');
  }
});
