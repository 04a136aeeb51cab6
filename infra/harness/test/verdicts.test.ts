import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, it } from '@jest/globals';
import { compareGross } from '../src/exactness/reports.js';
import { compareRows, type Row } from '../src/exactness/rows.js';
import { eventKey, Journal } from '../src/journal.js';

const DOUBLE_CLICK = 10;
const click: Row = { kind: 'click', id: 'id-1', adId: 'ad-001', occurredAt: 0, verdict: null };

it('the check reports a stored verdict that has changed, unless the event was deleted in between', () => {
  const journal = new Journal();
  journal.begin(click);
  const misfiled = (verdict: Row['verdict']) => compareRows(journal, [{ ...click, verdict }]).misfiled;
  expect(misfiled(null)).toEqual([]);
  expect(misfiled(DOUBLE_CLICK)).toEqual(['click id-1 was stored with the verdict valid but now has double_click']);
  journal.delete([eventKey('click', 'id-1')]);
  expect(misfiled(DOUBLE_CLICK)).toEqual([]);
  expect(misfiled(null)).toEqual(['click id-1 was stored with the verdict double_click but now has valid']);
});

/** The number of bots among the clicks, which the report by verdict returns. */
let bots = 3;
const server = createServer(({ url = '' }, response) => {
  const impressions = { impressions: 0, gross_impressions: 0 };
  const rows = url.includes('verdict')
    ? [
        { ad: 'ad-001', verdict: 'valid', clicks: 5, gross_clicks: 5, ...impressions },
        { ad: 'ad-001', verdict: 'bot', clicks: 0, gross_clicks: bots, ...impressions },
      ]
    : [{ ad: 'ad-001', clicks: 5, gross_clicks: 8, ...impressions }];
  response.end(JSON.stringify({ rows }));
});
afterAll(() => {
  server.close();
});

it('the check reports gross clicks that are not the net ones and those of all verdicts', async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  expect(await compareGross(url)).toEqual([]);
  bots = 2;
  expect(await compareGross(url)).toEqual(['the sum of net and invalid clicks of ad-001 should be 8 but is 7']);
});
