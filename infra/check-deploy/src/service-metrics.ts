import { join } from 'node:path';
import { freePort, LocalProcess, localFolder, SERVICE_NAMES } from '@ads/local';
import { mainOf, type Program } from './service-variables.js';

/** A server address that refuses connections: a service serves its metrics without its servers. */
const UNREACHABLE = {
  POSTGRES_HOST: '127.0.0.1',
  POSTGRES_PORT: '1',
  REDIS_HOST: '127.0.0.1',
  REDIS_PORT: '1',
  NATS_URL: 'nats://127.0.0.1:1',
};

let read: Promise<string> | undefined;

/** Starts all services and reads their `/metrics`. */
function metricsOfServices(): Promise<string> {
  read ??= Promise.all(SERVICE_NAMES.map(readMetrics)).then((texts) => texts.join(''));
  return read;
}

/** The names of all series of the services. */
export async function seriesOfServices(): Promise<ReadonlySet<string>> {
  const types = [...(await metricsOfServices()).matchAll(/^# TYPE (\w+) (\w+)$/gm)];
  return new Set(
    types.flatMap(([, metric = '', type]) =>
      type === 'histogram' ? ['bucket', 'sum', 'count'].map((part) => `${metric}_${part}`) : [metric],
    ),
  );
}

/** The names of all conditions that a service can show in `/health`. */
export async function conditionsOfServices(): Promise<ReadonlySet<string>> {
  const series = [...(await metricsOfServices()).matchAll(/^health_condition\{condition="(\w+)"/gm)];
  return new Set(series.map(([, condition = '']) => condition));
}

async function readMetrics(name: Program): Promise<string> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/metrics`;
  const service = new LocalProcess({
    name,
    port,
    env: {},
    logFile: join(localFolder, 'check-deploy', `${name}.log`),
    launch: async () => ({
      command: process.execPath,
      args: [mainOf(name)],
      env: { ...process.env, ...UNREACHABLE, HTTP_HOST: '127.0.0.1', HTTP_PORT: String(port) },
    }),
    isReady: async () => (await fetch(url)).ok,
  });
  try {
    await service.start();
    return await (await fetch(url)).text();
  } finally {
    await service.kill();
  }
}
