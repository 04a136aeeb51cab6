import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Load, type Page, readMetrics } from '@ads/harness';
import { printDetail, readMemory, step } from '@ads/local';
import { checkStored, untilSettled } from './checks.js';
import { complaints, type Limit, type LimitResult, printPage, rounded } from './limit.js';
import type { LimitsStack } from './stack.js';

const LARGE = 1_000_000;
const REPLACED = 100_000;
const MAX_MEGABYTES = 40;
const MAX_PAUSE_MS = 50;
const RELOADS = 5;
const RELOAD_MS = 30_000;
const CLICKS_PER_SECOND = 500;
const QUIET_MS = 10_000;
const LOOK_MS = 200;
const HEAL_MS = 120_000;

/**
 * Lists of addresses: the memory of a million ranges of IPv6, and the pauses while a list of 100,000 ranges is replaced under load.
 */
async function checkLists(stack: LimitsStack): Promise<LimitResult> {
  await stack.startServers();
  const large = join(stack.folder, 'large.txt');
  const replaced = join(stack.folder, 'replaced.txt');
  writeFileSync(large, ranges(LARGE, 0));
  replace(replaced, 0);
  const broken: string[] = [];
  const plain = await stack.startService('ingest-1', { IVT_DENY_FILE: replaced });
  const full = await stack.startService('ingest-2', { IVT_DATACENTER_FILE: large });
  await sleep(QUIET_MS);
  const megabytes = readMemory(full.pid).now - readMemory(plain.pid).now;
  if (megabytes > MAX_MEGABYTES)
    broken.push(`${LARGE} ranges take ${megabytes.toFixed(0)} MB; the limit is ${MAX_MEGABYTES} MB`);

  const request = { kind: 'click', adIds: stack.adIds } as const;
  const load = new Load([
    { request, ports: [plain.port], traced: true, connections: 20, perSecond: CLICKS_PER_SECOND },
  ]);
  await sleep(QUIET_MS);
  await longestPause(plain.port);
  await sleep(QUIET_MS);
  const before = await longestPause(plain.port);
  const during = await step(`${RELOADS} reloads under load`, () => reload(plain.port, replaced));
  const [clicks] = (await load.stop()) as [Page];
  printPage('clicks', clicks);
  printDetail(`longest pause: ${before.toFixed(0)} ms without reloads, ${during.toFixed(0)} ms with reloads`);
  broken.push(...complaints('clicks', clicks, ['202']));
  // A busy machine pauses every process.
  if (during > Math.max(MAX_PAUSE_MS, 2 * before))
    broken.push(`a reload paused the event loop for ${during.toFixed(0)} ms; the limit is ${MAX_PAUSE_MS} ms`);

  await stack.startServices('consumer-1', 'analytics-1');
  await step('everything settles', () => untilSettled(stack, HEAL_MS));
  const accepted = clicks.accepted.map(([id]) => id);
  const lost = await checkStored(stack, accepted, broken);
  const figures = {
    ranges: LARGE,
    ranges_mb: rounded(megabytes),
    reloads: RELOADS,
    pause_ms: rounded(during),
    pause_without_reloads_ms: rounded(before),
    accept_p99_ms: rounded(clicks.p99),
    lost,
  };
  return { figures, broken };
}

export const lists: Limit = { ads: 100, run: checkLists };

/** Replaces the list again and again. @returns the longest pause of the event loop meanwhile, in milliseconds */
async function reload(port: number, path: string): Promise<number> {
  let longest = 0;
  for (let count = 1; count <= RELOADS; count += 1) {
    replace(path, count);
    const deadline = performance.now() + RELOAD_MS;
    for (let loaded = 0; loaded !== REPLACED + count; ) {
      if (performance.now() > deadline) throw new Error(`the list was not reloaded within ${RELOAD_MS / 1_000} s`);
      await sleep(LOOK_MS);
      const read = await readMetrics(port);
      longest = Math.max(longest, pauseIn(read));
      loaded = read('ivt_list_ranges{list="deny"') ?? 0;
    }
  }
  return longest;
}

/** The longest pause of the event loop since the last call, in milliseconds: each read of the metrics begins anew. */
async function longestPause(port: number): Promise<number> {
  return pauseIn(await readMetrics(port));
}

function pauseIn(read: (beginning: string) => number | undefined): number {
  return 1_000 * (read('nodejs_eventloop_lag_max_seconds') ?? 0);
}

function replace(path: string, more: number): void {
  writeFileSync(`${path}.new`, ranges(REPLACED + more, more));
  renameSync(`${path}.new`, path);
}

/** Networks of IPv6, in an order that must be sorted. */
function ranges(count: number, first: number): string {
  return Array.from({ length: count }, (_, index) => {
    const number = (index * 7_919 + first) % 0x1000_0000;
    return `2${(number >> 16).toString(16).padStart(3, '0')}:${(number & 0xffff).toString(16)}::/32`;
  }).join('\n');
}
