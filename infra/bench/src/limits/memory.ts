import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Load, type Page } from '@ads/harness';
import { printDetail, printTable, readMemory, step } from '@ads/local';
import { DEAD_LETTER_STREAM } from '@ads/models';
import { checkRollups, checkStored, untilSettled } from './checks.js';
import { complaints, type Limit, type LimitOptions, type LimitResult, printPage, rounded } from './limit.js';
import type { LimitsStack } from './stack.js';

const HEALTHY_MS = 20_000;
const AFTER_MS = 20_000;
/** Time for the answers to requests that were in flight when the servers were killed: they may still be accepted. */
const LAST_ANSWERS_MS = 3_000;
const HEAL_MS = 120_000;
const PROGRESS_MS = 60_000;
const GROUPS = ['clicks', 'large clicks', 'unknown ads', 'analytics requests'] as const;

/**
 * Full load with the worst cases for memory: the largest bodies, unknown ads, and another client address for each request.
 * Then NATS and Postgres are killed, the load continues, and they come back.
 */
async function checkMemory(stack: LimitsStack, options: LimitOptions): Promise<LimitResult> {
  const { seconds, capMegabytes } = options;
  await stack.startServers();
  await stack.startServices('ingest-1', 'ingest-2', 'consumer-1', 'consumer-2', 'analytics-1');
  const broken: string[] = [];
  const accepted: string[] = [];
  let dubious = 0;
  const load = startLoad(stack);
  const read = async (label: string, ask: () => Promise<Page[]>, allowed: readonly (readonly string[])[]) => {
    const pages = await ask();
    for (const [group, page] of pages.entries()) {
      const name = GROUPS[group] ?? '';
      printPage(`${label}, ${name}`, page);
      broken.push(...complaints(`${label}, ${name}`, page, allowed[group] ?? []));
      if (name === 'unknown ads') dubious += page.accepted.length;
      else for (const [id] of page.accepted) accepted.push(id);
    }
    return pages;
  };
  const whileChanging = [
    ['202', '503'],
    ['202', '503'],
    ['202', '400', '503'],
    ['redis', 'postgres', '503'],
  ];
  const duringOutage = [['503'], ['503'], ['503'], ['redis', 'postgres', '503']];

  await step(`${HEALTHY_MS / 1_000} s of load`, () => sleep(HEALTHY_MS));
  const healthy = await read('before', () => load.page(), whileChanging);
  const before = memories(stack);
  const mostBefore = new Map([...before].map(([name, { most }]) => [name, most]));
  // Resets the peak memory that the kernel reports.
  for (const { process } of stack.slots) writeFileSync(`/proc/${process.pid}/clear_refs`, '5');

  const servers = [stack.servers.postgres, ...stack.servers.nats];
  await step('kill NATS and Postgres', () => Promise.all(servers.map((server) => server.kill())));
  await sleep(LAST_ANSWERS_MS);
  await read('dying', () => load.page(), whileChanging);
  await step(`${seconds} s without NATS and Postgres`, async () => {
    for (let left = 1_000 * seconds; left > 0; left -= PROGRESS_MS) {
      await sleep(Math.min(left, PROGRESS_MS));
      const now = [...memories(stack)].map(([name, { now }]) => `${name} ${now.toFixed(0)}`).join(', ');
      printDetail(`resident MB: ${now}`);
    }
  });
  const [outage] = await read('outage', () => load.page(), duringOutage);
  const during = memories(stack);

  await step('restart NATS and Postgres', () => Promise.all(servers.map((server) => server.start())));
  await sleep(AFTER_MS);
  await read('coming back', () => load.page(), whileChanging);
  await sleep(AFTER_MS);
  await read('after', () => load.stop(), whileChanging);
  await step('everything heals', () => untilSettled(stack, HEAL_MS));
  const after = memories(stack);

  const lost = await checkStored(stack, accepted, broken);
  const wrongBuckets = await checkRollups(stack, broken);
  const letters = await deadLetters(stack);
  printDetail(`${dubious} clicks of unknown ads were accepted while Postgres was down; dead letters: ${letters}`);
  if (letters < dubious) broken.push(`${dubious - letters} clicks of unknown ads are neither stored nor dead letters`);

  const rows = stack.slots.map(({ name }) => {
    const ever = Math.max(mostBefore.get(name) ?? 0, after.get(name)?.most ?? 0);
    if (!(ever <= capMegabytes))
      broken.push(`${name} had ${ever.toFixed(0)} MB resident; the cap is ${capMegabytes} MB`);
    const { most, now } = after.get(name) ?? {};
    const cells = [mostBefore.get(name), during.get(name)?.most, most, now, capMegabytes];
    return [name, ...cells.map((megabytes) => (megabytes ?? Number.NaN).toFixed(0))];
  });
  printTable(['MB resident', 'peak before', 'peak in outage', 'peak overall', 'after', 'cap'], rows, [0]);
  const sum = (page: Page | undefined) => Object.values(page?.outcomes ?? {}).reduce((all, count) => all + count, 0);
  return {
    figures: {
      outage_seconds: seconds,
      cap_mb: capMegabytes,
      most_mb: rounded(Math.max(...[...after.values(), ...before.values()].map(({ most }) => most))),
      counts_per_second_before: rounded(sum(healthy[0]) / (HEALTHY_MS / 1_000)),
      refusals_per_second_away: rounded(sum(outage) / seconds),
      accepted: accepted.length,
      lost,
      wrong_buckets: wrongBuckets,
    },
    broken,
  };
}

export const memory: Limit = { ads: 100, run: checkMemory };

function startLoad(stack: LimitsStack): Load {
  const { adIds } = stack;
  const ingest = { ports: stack.portsOf('ingest'), traced: true };
  return new Load([
    { ...ingest, request: { kind: 'click', adIds }, connections: 200 },
    { ...ingest, request: { kind: 'large click', adIds }, connections: 40 },
    { ...ingest, request: { kind: 'unknown ad', adIds }, connections: 100 },
    { request: stack.questions, ports: stack.portsOf('analytics'), traced: true, connections: 10, perSecond: 100 },
  ]);
}

function memories(stack: LimitsStack) {
  return new Map(stack.slots.map(({ name, process }) => [name, readMemory(process.pid)]));
}

async function deadLetters(stack: LimitsStack): Promise<number> {
  return (await stack.admin.jetstream.streams.info(DEAD_LETTER_STREAM)).state.messages;
}
