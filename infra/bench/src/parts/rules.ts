import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { seededRandom } from '@ads/harness';
import { printDetail, printTable } from '@ads/local';
import { runAt, whereIs } from '../cores.js';
import { runLoad, warmUp } from '../load/run-load.js';
import type { Part } from '../part.js';
import { Figures, inFigures, spreadOf } from '../statistics.js';
import { tagUrls } from '../tag-requests.js';
import { emptyStreams } from '../tracker.js';
import { addressRange, viewerHeaders } from '../viewers.js';

const CONNECTIONS = 64;
const WARM_ANSWERS = 50_000;
const LISTS = { IVT_DENY_FILE: 10_000, IVT_DATACENTER_FILE: 100_000 } as const;
/** Different viewers. Their user agents fit into the cache of ingest, as those of real viewers nearly do. */
const VIEWERS = 5_000;

/** Click-throughs per second on one core, with all rules of invalid traffic and without. */
export const rules: Part = {
  title: 'click-throughs per second on one core, with all rules of invalid traffic and with IVT=off',
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
    const ports = {
      off: (await stack.startServiceAt('measured', 'ingest-1', { ...common, IVT: 'off' })).port,
      on: (await stack.startServiceAt('measured', 'ingest-2', on)).port,
    };
    printDetail(`both ingests: ${whereIs('measured')}; load, NATS, Postgres: ${whereIs('others')}`);
    const paths = tagUrls('click_through', stack.adIds).map((path) => `${path}&ph=00:00:05`);
    const headers = Array.from({ length: VIEWERS }, () => viewerHeaders(random));
    const load = { connections: CONNECTIONS, request: { kind: 'get', paths, headers }, status: 302 } as const;
    for (const port of Object.values(ports)) await warmUp({ ...load, port }, WARM_ANSWERS);
    const rates = new Figures();
    for (let round = 0; round < 2 * rounds; round += 1) {
      for (const [name, port] of Object.entries(ports)) {
        rates.add(name, (await runLoad({ ...load, port, warmSeconds, seconds })).perSecond);
        await emptyStreams(stack);
      }
    }
    printTable(
      ['rules', 'answers/s', 'spread'],
      rates.names().map((name) => [name, inFigures(rates.of(name).median), spreadOf(rates.of(name))]),
      [0],
    );
    return rates.medians('_per_second');
  },
};
