import { expect, it } from '@jest/globals';
import { ALL_ENDPOINTS, API_PREFIX, barePath, ENDPOINTS, queryOf } from '../src/index.js';
import { openApiDocument } from '../src/openapi/document.js';

it('the document describes every endpoint except the pages for people', () => {
  const described = Object.entries(openApiDocument().paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${barePath(path)}`),
  );
  const { home, dashboard, docs, openApi } = ENDPOINTS;
  const pages: readonly string[] = [home, dashboard, docs, openApi].map(({ path }) => path);
  const expected = ALL_ENDPOINTS.filter(
    ({ path }) => !path.startsWith(ENDPOINTS.swagger.path) && !pages.includes(path),
  );
  expect(described.sort()).toEqual(expected.map(({ method, path }) => `${method} ${path}`).sort());
});

it.each([
  ['/ads', '/ads'],
  [`${API_PREFIX}/ads?limit=1`, '/ads'],
  [`${API_PREFIX}${API_PREFIX}/ads`, `${API_PREFIX}/ads`],
  [API_PREFIX, API_PREFIX],
  [`${API_PREFIX}x/ads`, `${API_PREFIX}x/ads`],
  ['?x', ''],
])('the path of the target %s is %j', (target, path) => {
  expect(barePath(target)).toBe(path);
});

it.each([
  ['/ads', ''],
  ['/ads?', ''],
  ['/ads?limit=1&cursor=a?b', 'limit=1&cursor=a?b'],
])('the query of %s is "%s"', (target, query) => {
  expect(queryOf(target)).toBe(query);
});
