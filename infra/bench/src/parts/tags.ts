import { request as httpRequest } from 'node:http';
import { printDetail, printTable } from '@ads/local';
import type { Budget } from '../budget.js';
import { runAt, whereIs } from '../cores.js';
import { inRounds, type LoadResult, type LoadSettings, warmUp } from '../load/run-load.js';
import type { Part } from '../part.js';
import type { BenchStack } from '../stack.js';
import { Figures, Times } from '../statistics.js';
import { BROWSER, TAGS, type Tag, tagUrls } from '../tag-requests.js';
import { runOnIngest } from '../tracker.js';

/** The tag whose response times are measured: the player waits for it. */
const TIMED: Tag = 'vast';

const STATUS: Readonly<Record<Tag, number>> = { pixel: 200, click_through: 302, vast: 200 };
const CONNECTIONS = 64;
const WARM_ANSWERS = 50_000;
/** Headers that Node sets, or that differ between the responses. */
const OWN_HEADERS = new Set(['date', 'connection', 'keep-alive']);

/**
 * Tags per second on one core, the response times of VAST at half of its rate, and those of bare `node:http` with the same bytes.
 */
export const tags: Part = {
  title: 'tags per second on one core; pixels and click-throughs are answered after the acknowledgement of JetStream',
  ads: 100,
  async run(stack, budget) {
    runAt('others');
    await stack.startServers();
    const { port: ours } = await stack.startServiceAt('measured', 'ingest');
    printDetail(`ingest, bare node:http: ${whereIs('measured')}; load, NATS, Postgres: ${whereIs('others')}`);
    const rates = new Figures();
    const times = new Times();
    for (const tag of TAGS) {
      const paths = tagUrls(tag, stack.adIds);
      const answer = await readAnswer(ours, paths[0] ?? '');
      const bare = await stack.startContender('bare-tag', 'measured', { ANSWER: JSON.stringify(answer) });
      const ports = { ours, bare: bare.port };
      const load = {
        connections: CONNECTIONS,
        request: { kind: 'get', paths, headers: [BROWSER] },
        status: STATUS[tag],
      } as const;
      for (const port of Object.values(ports)) await warmUp({ ...load, port }, WARM_ANSWERS);
      await measure(stack, budget, ports, load, (server, { perSecond }) => rates.add(`${server}_${tag}`, perSecond));
      if (tag === TIMED) {
        const half = { ...load, perSecond: rates.of(`ours_${tag}`).median / 2 };
        await measure(stack, budget, ports, half, (server, result) => times.add(`${server}_${tag}`, result));
      }
      await bare.stop();
    }
    printTable(
      ['tag', 'answers/s', 'spread'],
      rates.names().map((name) => [name.replaceAll('_', ' '), ...rates.cells(name)]),
      [0],
    );
    const servers = ['ours', 'bare'].map((server) => `${server}_${TIMED}`);
    printTable(
      ['at half of our rate', 'p50 ms', 'spread', 'p99 ms', 'spread'],
      servers.map((name) => [name.replaceAll('_', ' '), ...times.cells(name)]),
      [0],
    );
    return { ...rates.medians('_per_second'), ...times.medians() };
  },
};

/** Measures each server in each round. */
async function measure(
  stack: BenchStack,
  { ingest: { rounds, warmSeconds, seconds } }: Budget,
  ports: Readonly<Record<string, number>>,
  load: Omit<LoadSettings, 'port' | 'warmSeconds' | 'seconds'>,
  add: (server: string, result: LoadResult) => void,
): Promise<void> {
  for (const [server, port] of inRounds(Object.entries(ports), rounds)) {
    add(server, await runOnIngest(stack, { ...load, port, warmSeconds, seconds }));
  }
}

/** The response of the tracker, with the names of its headers as it writes them. */
function readAnswer(port: number, path: string): Promise<{ status: number; headers: string[]; body: string }> {
  return new Promise((resolve, reject) => {
    httpRequest({ port, path, host: '127.0.0.1' }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const { statusCode = 0, rawHeaders } = response;
        const headers = rawHeaders.flatMap((name, at) =>
          at % 2 === 0 && !OWN_HEADERS.has(name.toLowerCase()) ? [name, rawHeaders[at + 1] ?? ''] : [],
        );
        resolve({ status: statusCode, headers, body: Buffer.concat(chunks).toString('base64') });
      });
    })
      .on('error', reject)
      .end();
  });
}
