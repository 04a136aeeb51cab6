import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  forEachService,
  openTestServers,
  SERVICE_NAMES,
  type ServiceName,
  shiftedClock,
  type TestServers,
  waitFor,
} from '@ads/local';
import { uuidv7 } from '@ads/models';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { attachEnvironment, type Environment, healthOf, QUICK_TIMEOUTS } from './support/environment.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const AD = 'ad-001';

/** Windows of three clicks: one now, one ten minutes ago and one fifty minutes ago. */
const WINDOWS = { last_1_minute: 1, last_5_minutes: 1, last_15_minutes: 2, last_1_hour: 3, last_24_hours: 3 };

const AHEAD = 4 * HOUR;
const BEHIND = -4 * HOUR;
const IN_1970 = HOUR - Date.now();

let testServers: TestServers;
beforeEach(() => {
  testServers = openTestServers();
});
// The clocks of one test must not run during the next.
afterEach(() => testServers.release());

interface Setting extends Environment {
  readonly shift: (service: ServiceName, milliseconds: number) => void;
}

let clocks = 0;

/** The tracker with a separate clock for each service, on servers with the right time. */
async function open(shifted: Partial<Record<ServiceName, number>> = {}): Promise<Setting> {
  const [database, redis, nats] = await Promise.all([testServers.database(), testServers.redis(), testServers.nats()]);
  const env = { ...database, ...redis.env, ...nats.env, ...QUICK_TIMEOUTS };
  const shift: Partial<Record<ServiceName, (milliseconds: number) => void>> = {};
  const services = await forEachService(async (name) => {
    clocks += 1;
    const clock = shiftedClock(join(testServers.folder, `clock-${clocks}`), shifted[name] ?? 0);
    shift[name] = clock.shift;
    return await testServers.service({ name, env, nodeArgs: clock.nodeArgs });
  });
  const stack = await testServers.stack(env, services);
  const environment = await attachEnvironment(testServers, { stack, redis, nats, postgres: database });
  return { ...environment, shift: (name, milliseconds) => shift[name]?.(milliseconds) };
}

const urlOf = ({ stack }: Setting, name: ServiceName) => `http://127.0.0.1:${stack[name].port}`;

async function click(setting: Setting, fields: { timestamp?: string; click_id?: string } = {}): Promise<number> {
  const response = await fetch(`${urlOf(setting, 'ingest')}/api/v1/ads/click`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ad_id: AD, ...fields }),
  });
  const answer = (await response.json()) as { timestamp: string };
  expect([response.status, answer]).toEqual([202, expect.objectContaining({ ad_id: AD })]);
  return Date.parse(answer.timestamp);
}

/** Sends clicks of now, of ten and of fifty minutes ago; each keeps its time. */
async function sendClicks(setting: Setting): Promise<void> {
  const before = Date.now();
  const received = await click(setting);
  // The clock of Postgres, which is that of this machine.
  expect(received).toBeGreaterThan(before - 1_000);
  expect(received).toBeLessThan(Date.now() + 1_000);
  for (const age of [10 * MINUTE, 50 * MINUTE]) {
    const time = Date.now() - age;
    expect(await click(setting, { timestamp: new Date(time).toISOString(), click_id: uuidv7(time) })).toBe(time);
  }
  await waitFor(async () => (await setting.admin.database.query('SELECT FROM ad_events')).rowCount === 3, {
    what: 'the clicks to be recorded',
    timeoutMs: 60_000,
  });
  const { rows } = await setting.admin.database.query('SELECT FROM ad_events WHERE claimed_at IS NOT NULL');
  expect(rows).toEqual([]);
}

async function expectWindows(setting: Setting, source: 'redis' | 'postgres'): Promise<void> {
  await waitFor(
    async () => {
      expect(await setting.analytics(AD)).toMatchObject({ total_clicks: 3, time_frames: WINDOWS, source });
      return true;
    },
    { what: `the right windows from ${source}`, timeoutMs: 40_000 },
  );
}

async function skewOf(setting: Setting, name: ServiceName): Promise<string | undefined> {
  const { status, conditions } = await healthOf(setting.stack[name]);
  const skew = conditions?.clock_skew;
  if (skew !== undefined) expect(status).toBe('degraded');
  return skew;
}

const logOf = ({ stack }: Setting, name: ServiceName) => readFileSync(stack[name].logFile, 'utf8');

describe('a service with a wrong clock', () => {
  it.each([
    ['ingest', 'four hours ahead', AHEAD],
    ['ingest', 'four hours behind', BEHIND],
    ['ingest', 'in 1970', IN_1970],
    ['consumer', 'four hours ahead', AHEAD],
    ['consumer', 'in 1970', IN_1970],
    ['analytics', 'four hours ahead', AHEAD],
    ['analytics', 'in 1970', IN_1970],
  ] as const)('leaves all windows right and shows in health, log and metrics: %s %s', async (wrong, _name, shift) => {
    const setting = await open({ [wrong]: shift });
    await sendClicks(setting);
    await expectWindows(setting, 'redis');

    // The consumer prunes and rebuilds when it starts.
    await setting.stack.consumer.kill();
    await setting.stack.consumer.start();
    await setting.admin.redis.flushall();
    await expectWindows(setting, 'redis');
    const { rows } = await setting.admin.database.query('SELECT sum(clicks)::integer AS clicks FROM counts_per_second');
    expect(rows).toEqual([{ clicks: 3 }]);

    await setting.redis.kill();
    await expectWindows(setting, 'postgres');

    for (const name of SERVICE_NAMES) {
      if (name === wrong) expect(await skewOf(setting, name)).toMatch(/The clock of this host is \d+\.\d s/);
      else expect(await skewOf(setting, name)).toBeUndefined();
    }
    expect(logOf(setting, wrong)).toMatch(/"event":"condition\.began"/);
    const metrics = await (await fetch(`${urlOf(setting, wrong)}/metrics`)).text();
    const skew = Number(/^clock_skew_seconds\{reference="postgres".*\} (\S+)$/m.exec(metrics)?.[1]);
    expect(Math.abs(skew - shift / 1_000)).toBeLessThan(2);
    if (wrong === 'consumer') expect(logOf(setting, wrong)).toMatch(/"event":"tables\.step_failed","step":"prune"/);
  });
});

describe('a clock that is set while the tracker runs', () => {
  it.each([
    ['four hours ahead', AHEAD],
    ['in 1970', IN_1970],
  ])('%s leaves all windows right, and its correction is noticed', async (_name, shift) => {
    const setting = await open();
    for (const name of SERVICE_NAMES) setting.shift(name, shift);
    for (const name of SERVICE_NAMES) {
      await waitFor(async () => (await skewOf(setting, name)) !== undefined, {
        what: `${name} to report the clock skew`,
        timeoutMs: 20_000,
      });
    }
    await sendClicks(setting);
    await expectWindows(setting, 'redis');
    for (const name of SERVICE_NAMES) setting.shift(name, 0);
    await expectWindows(setting, 'redis');
    for (const name of SERVICE_NAMES) {
      await waitFor(async () => (await skewOf(setting, name)) === undefined, {
        what: `${name} to report no clock skew`,
        timeoutMs: 20_000,
      });
    }
  });

  it('back does not delay a reconnection to NATS', async () => {
    const setting = await open();
    await setting.nats.kill();
    const nats = async (name: ServiceName) => (await healthOf(setting.stack[name])).dependencies.nats?.status;
    for (const status of ['down', 'up']) {
      for (const name of ['ingest', 'consumer'] as const) {
        await waitFor(async () => (await nats(name)) === status, { what: `NATS to be ${status}`, timeoutMs: 60_000 });
      }
      if (status === 'up') break;
      for (const name of SERVICE_NAMES) setting.shift(name, -4 * HOUR);
      await setting.nats.start();
    }
    await sendClicks(setting);
    await expectWindows(setting, 'redis');
  });
});
