import { expect, test } from '@jest/globals';
import { Histogram, Registry } from 'prom-client';
import { RequestTally } from '../src/metrics/request-tally.js';

const lines = (text: string, name: string) => text.split('\n').filter((line) => line.includes(name));

test('the request tally exports the same series as a histogram of prom-client', async () => {
  const bounds = [0.001, 0.5, 2];
  const [own, library] = [new Registry(), new Registry()] as const;
  const tally = new RequestTally(own, bounds);
  const name = 'http_request_duration_seconds';
  const help = 'Time from the start of a request to the end of its response.';
  const histogram = new Histogram({
    name,
    help,
    labelNames: ['method', 'endpoint'],
    buckets: bounds,
    registers: [library],
  });
  for (const [method, endpoint, seconds] of [
    ['POST', '/a', 0.0005],
    ['POST', '/a', 0.001],
    ['POST', '/a', 0.0011],
    ['GET', '/a', 2],
    ['GET', '/b', 99],
  ] as const) {
    tally.add(method, endpoint, 202, seconds);
    histogram.observe({ method, endpoint }, seconds);
  }
  expect(lines(await own.metrics(), name)).toEqual(lines(await library.metrics(), name));
});

test('the request tally counts each response once by status, over several scrapes', async () => {
  const registry = new Registry();
  const tally = new RequestTally(registry, [1]);
  for (const status of [202, 202, 429]) tally.add('POST', '/a', status, 0);
  await registry.metrics();
  tally.add('POST', '/a', 202, 0);
  expect(lines(await registry.metrics(), 'http_requests_total{')).toEqual([
    'http_requests_total{method="POST",endpoint="/a",status_code="202"} 3',
    'http_requests_total{method="POST",endpoint="/a",status_code="429"} 1',
  ]);
});
