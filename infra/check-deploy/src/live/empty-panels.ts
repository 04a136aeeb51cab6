import { join } from 'node:path';
import {
  Environment,
  Journal,
  regularReport,
  seededRandom,
  singleServers,
  startPlayers,
  startViewers,
} from '@ads/harness';
import { SERVICE_NAMES, waitFor } from '@ads/local';
import type { Problem } from '../problem.js';
import type { PanelQuery } from './panel-queries.js';
import { type Prometheus, type PrometheusOptions, startPrometheus } from './prometheus.js';

const AD_IDS = ['ad-001', 'ad-002', 'ad-003'];

/** A rate needs two scrapes; rates over recording rules need more. */
const TIMEOUT_MS = 60_000;

/**
 * Starts servers and services under load, and runs the queries of the dashboards in Prometheus.
 *
 * @param onEnd is called with a function for each started process, which ends it at any time
 * @returns a problem for each query that returns no number within a minute
 */
export async function findEmptyPanels(
  { root, folder, executable }: { root: string; folder: string; executable: PrometheusOptions['executable'] },
  queries: readonly PanelQuery[],
  onEnd: (end: () => Promise<void>) => void,
): Promise<Problem[]> {
  // With a limit the panel of used space has a value.
  const env = { NATS_STREAM_MAX_BYTES: '100000000' };
  const environment = new Environment({ folder, openServers: singleServers, adIds: AD_IDS, env });
  onEnd(() => environment.end());
  await environment.startServers();
  await environment.startServices(...SERVICE_NAMES);
  await environment.startGateway();
  const stopLoad = startLoad(environment.url);
  onEnd(stopLoad);
  const prometheus = await startPrometheus({
    executable,
    folder: join(folder, 'prometheus'),
    rules: join(root, 'infra/monitoring/rules/*.yml'),
    jobs: Object.fromEntries(SERVICE_NAMES.map((name) => [name, environment.portsOf(name)])),
  });
  onEnd(prometheus.end);

  let empty: Problem[] = [];
  await waitFor(
    async () => {
      empty = (await Promise.all(queries.map((query) => problemOf(prometheus, query)))).flat();
      return empty.length === 0;
    },
    { timeoutMs: TIMEOUT_MS, what: 'all panel queries to return a number', intervalMs: 2_000 },
  ).catch(() => undefined);
  const down = await prometheus.query('up == 0');
  await stopLoad();
  await prometheus.end();
  await environment.end();
  return [
    ...empty,
    ...down.map(({ labels }) => ({
      file: 'infra/monitoring/prometheus.yml',
      line: 1,
      message: `${labels.job} can't be scraped`,
    })),
  ];
}

/** Starts players, some of which send events twice, and readers of analytics. @returns a function that ends them */
function startLoad(url: string): () => Promise<void> {
  const random = seededRandom('panels');
  const players = startPlayers({
    url: () => url,
    journal: new Journal(),
    random,
    count: 20,
    longestPauseMs: 400,
    retryMs: 250,
    giveUpMs: 10_000,
    sentAgain: 0.2,
    newReport: () => regularReport(random, AD_IDS),
  });
  const viewers = startViewers({ url, random, adIds: AD_IDS, count: 1, pauseMs: 50 });
  return async () => {
    await Promise.all([players.abandon(), viewers.stop()]);
  };
}

async function problemOf(prometheus: Prometheus, { file, line, panel, expr }: PanelQuery): Promise<Problem[]> {
  const problem = (what: string): Problem[] => [{ file, line, message: `${panel}: ${what}: ${expr}` }];
  try {
    const samples = await prometheus.query(expr);
    if (samples.length === 0) return problem('shows nothing');
    return samples.every(({ value }) => Number.isFinite(value)) ? [] : problem('returns a value that is not a number');
  } catch (error) {
    return problem(error instanceof Error ? error.message : String(error));
  }
}
