import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { seededRandom } from '@ads/harness';
import { printDetail, printTable, readCpuSeconds } from '@ads/local';
import { runAt, whereIs } from '../cores.js';
import { inRounds, warmUp } from '../load/run-load.js';
import type { Part } from '../part.js';
import { Figures } from '../statistics.js';
import { tagUrls } from '../tag-requests.js';
import { runOnIngest } from '../tracker.js';
import { addressRange, viewerHeaders } from '../viewers.js';

const CONNECTIONS = 64;
const WARM_ANSWERS = 50_000;
const LISTS = { IVT_DENY_FILE: 10_000, IVT_DATACENTER_FILE: 100_000 } as const;
/** Different viewers. Their user agents fit into the cache of ingest, as those of real viewers nearly do. */
const VIEWERS = 5_000;

/**
 * Click-throughs per CPU second of ingest, with all rules of invalid traffic and without. The difference is small, and other
 * programs of the machine change the CPU time of a click less than the rate.
 */
export const rules: Part = {
  title: 'click-throughs per CPU second of ingest, with all rules of invalid traffic and with IVT=off',
  ads: 100,
  async run(stack, { ingest: { rounds, warmSeconds, seconds } }) {
    runAt('others');
    await stack.startServers();
    const random = seededRandom('rules');
    const files = Object.entries(LISTS).map(([variable, ranges]) => {
      const path = join(stack.folder, `${variable}.txt`);
      writeFileSync(path, Array.from({ length: ranges }, () => addressRange(random)).join('\n'));
      return [variable, path];
    });
    // The load sends the addresses of viewers in `X-Forwarded-For`.
    const common = { TRUST_PROXY: 'loopback' };
    const on = { ...common, ...Object.fromEntries(files), IVT: 'on', IVT_PROXY_HEADER: 'on' };
    const ingests = {
      off: await stack.startServiceAt('measured', 'ingest-1', { ...common, IVT: 'off' }),
      on: await stack.startServiceAt('measured', 'ingest-2', on),
    };
    printDetail(`both ingests: ${whereIs('measured')}; load, NATS, Postgres: ${whereIs('others')}`);
    const paths = tagUrls('click_through', stack.adIds).map((path) => `${path}&ph=00:00:05`);
    const headers = Array.from({ length: VIEWERS }, () => viewerHeaders(random));
    const load = { connections: CONNECTIONS, request: { kind: 'get', paths, headers }, status: 302 } as const;
    for (const { port } of Object.values(ingests)) await warmUp({ ...load, port }, WARM_ANSWERS);
    const rates = new Figures();
    for (const [name, { port, pid = 0 }] of inRounds(Object.entries(ingests), 2 * rounds)) {
      const before = readCpuSeconds(pid);
      const { answered } = await runOnIngest(stack, { ...load, port, warmSeconds, seconds });
      rates.add(name, answered / (readCpuSeconds(pid) - before));
    }
    printTable(
      ['rules', 'answers per CPU second', 'spread'],
      rates.names().map((name) => [name, ...rates.cells(name)]),
      [0],
    );
    return rates.medians('_per_cpu_second');
  },
};
