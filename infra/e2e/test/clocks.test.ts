import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  addAds,
  forEachService,
  openTestServers,
  SERVICE_NAMES,
  type ServiceName,
  shiftedClock,
  waitFor,
} from '@ads/local';
import { uuidv7 } from '@ads/models';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { attachEnvironment, type Environment, healthOf, QUICK_TIMEOUTS } from './support/environment.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Windows of three clicks: one now, one ten minutes ago and one fifty minutes ago. */
const WINDOWS = { last_1_minute: 1, last_5_minutes: 1, last_15_minutes: 2, last_1_hour: 3, last_24_hours: 3 };

const AHEAD = 4 * HOUR;
const BEHIND = -4 * HOUR;
const IN_1970 = HOUR - Date.now();

const testServers = openTestServers();
/** The tracker with a separate clock for each service, on servers with the right time. */
let environment: Environment;
const shift: Partial<Record<ServiceName, (milliseconds: number) => void>> = {};
/** Each test counts the clicks of its own ad. */
let ad: string;
let ads = 0;

beforeAll(async () => {
  const [database, redis, nats] = await Promise.all([testServers.database(), testServers.redis(), testServers.nats()]);
  const env = { ...database, ...redis.env, ...nats.env, ...QUICK_TIMEOUTS };
  const services = await forEachService(async (name) => {
    const clock = shiftedClock(join(testServers.folder, `clock-${name}`), 0);
    shift[name] = clock.shift;
    return await testServers.service({ name, env, nodeArgs: clock.nodeArgs });
  });
  const stack = await testServers.stack(env, services);
  environment = await attachEnvironment(testServers, { stack, redis, nats, postgres: database });
});
afterAll(() => testServers.release());

beforeEach(async () => {
  ads += 1;
  ad = `clock-${ads}`;
  await addAds(environment.admin.database, [ad]);
});

/** The clocks of one test must not run during the next. */
afterEach(async () => {
  if (environment.redis.pid === undefined) await environment.redis.start();
  for (const name of SERVICE_NAMES) shift[name]?.(0);
  await untilSkewed(false);
});

async function restart(name: ServiceName): Promise<void> {
  await environment.stack[name].kill();
  await environment.stack[name].start();
}

const urlOf = (name: ServiceName) => `http://127.0.0.1:${environment.stack[name].port}`;

async function click(fields: { timestamp?: string; click_id?: string } = {}): Promise<number> {
  const response = await fetch(`${urlOf('ingest')}/api/v1/ads/click`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ad_id: ad, ...fields }),
  });
  const answer = (await response.json()) as { timestamp: string };
  expect([response.status, answer]).toEqual([202, expect.objectContaining({ ad_id: ad })]);
  return Date.parse(answer.timestamp);
}

/** Sends clicks of now, of ten and of fifty minutes ago; each keeps its time. */
async function sendClicks(): Promise<void> {
  const before = Date.now();
  const received = await click();
  // The clock of Postgres, which is that of this machine.
  expect(received).toBeGreaterThan(before - 1_000);
  expect(received).toBeLessThan(Date.now() + 1_000);
  for (const age of [10 * MINUTE, 50 * MINUTE]) {
    const time = Date.now() - age;
    expect(await click({ timestamp: new Date(time).toISOString(), click_id: uuidv7(time) })).toBe(time);
  }
  const { database } = environment.admin;
  await waitFor(async () => (await database.query('SELECT FROM ad_events WHERE ad_id = $1', [ad])).rowCount === 3, {
    what: 'the clicks to be recorded',
    timeoutMs: 60_000,
  });
  const { rows } = await database.query('SELECT FROM ad_events WHERE claimed_at IS NOT NULL');
  expect(rows).toEqual([]);
}

async function expectWindows(source: 'redis' | 'postgres'): Promise<void> {
  await waitFor(
    async () => {
      expect(await environment.analytics(ad)).toMatchObject({ total_clicks: 3, time_frames: WINDOWS, source });
      return true;
    },
    { what: `the right windows from ${source}`, timeoutMs: 40_000 },
  );
}

async function skewOf(name: ServiceName): Promise<string | undefined> {
  const { status, conditions } = await healthOf(environment.stack[name]);
  const skew = conditions?.clock_skew;
  if (skew !== undefined) expect(status).toBe('degraded');
  return skew;
}

/** Waits until every service reports, or no service reports, that its clock is wrong. */
async function untilSkewed(skewed: boolean): Promise<void> {
  for (const name of SERVICE_NAMES) {
    await waitFor(async () => ((await skewOf(name)) !== undefined) === skewed, {
      what: `${name} to report ${skewed ? 'the' : 'no'} clock skew`,
      timeoutMs: 20_000,
    });
  }
}

const logOf = (name: ServiceName) => readFileSync(environment.stack[name].logFile, 'utf8');

describe('a service that starts with a wrong clock', () => {
  it.each([
    ['ingest', 'four hours ahead', AHEAD],
    ['ingest', 'four hours behind', BEHIND],
    ['ingest', 'in 1970', IN_1970],
    ['consumer', 'four hours ahead', AHEAD],
    ['consumer', 'in 1970', IN_1970],
    ['analytics', 'four hours ahead', AHEAD],
    ['analytics', 'in 1970', IN_1970],
  ] as const)('leaves all windows right and shows in health, log and metrics: %s %s', async (wrong, _name, by) => {
    const earlier = logOf(wrong).length;
    shift[wrong]?.(by);
    await restart(wrong);
    await sendClicks();
    await expectWindows('redis');

    // The consumer prunes and rebuilds when it starts.
    if (wrong === 'consumer') await restart('consumer');
    await environment.admin.redis.flushall();
    await expectWindows('redis');
    const { rows } = await environment.admin.database.query(
      'SELECT sum(clicks)::integer AS clicks FROM counts_per_second WHERE ad_id = $1',
      [ad],
    );
    expect(rows).toEqual([{ clicks: 3 }]);

    await environment.redis.kill();
    await expectWindows('postgres');

    for (const name of SERVICE_NAMES) {
      if (name === wrong) expect(await skewOf(name)).toMatch(/The clock of this host is \d+\.\d s/);
      else expect(await skewOf(name)).toBeUndefined();
    }
    const log = logOf(wrong).slice(earlier);
    expect(log).toMatch(/"event":"condition\.began"/);
    const metrics = await (await fetch(`${urlOf(wrong)}/metrics`)).text();
    const skew = Number(/^clock_skew_seconds\{reference="postgres".*\} (\S+)$/m.exec(metrics)?.[1]);
    expect(Math.abs(skew - by / 1_000)).toBeLessThan(2);
    if (wrong === 'consumer') expect(log).toMatch(/"event":"tables\.step_failed","step":"prune"/);
  });
});

describe('a clock that is set while the tracker runs', () => {
  it.each([
    ['four hours ahead', AHEAD],
    ['in 1970', IN_1970],
  ])('%s leaves all windows right, and its correction is noticed', async (_name, by) => {
    for (const name of SERVICE_NAMES) shift[name]?.(by);
    await untilSkewed(true);
    await sendClicks();
    await expectWindows('redis');
    for (const name of SERVICE_NAMES) shift[name]?.(0);
    await expectWindows('redis');
    await untilSkewed(false);
  });

  it('back does not delay a reconnection to NATS', async () => {
    await environment.nats.kill();
    const nats = async (name: ServiceName) => (await healthOf(environment.stack[name])).dependencies.nats?.status;
    for (const status of ['down', 'up']) {
      for (const name of ['ingest', 'consumer'] as const) {
        await waitFor(async () => (await nats(name)) === status, { what: `NATS to be ${status}`, timeoutMs: 60_000 });
      }
      if (status === 'up') break;
      for (const name of SERVICE_NAMES) shift[name]?.(BEHIND);
      await environment.nats.start();
    }
    await sendClicks();
    await expectWindows('redis');
  });
});
