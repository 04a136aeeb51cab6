import { setTimeout as sleep } from 'node:timers/promises';
import {
  type LocalProcess,
  printDetail,
  printTable,
  readCpuSeconds,
  readMemory,
  SERVICE_NAMES,
  type ServiceName,
} from '@ads/local';
import { whereIs } from '../cores.js';
import { runLoad, warmUp } from '../load/run-load.js';
import type { Part, PartFigures } from '../part.js';
import type { BenchStack } from '../stack.js';
import { Figures, inFigures, rounded } from '../statistics.js';
import {
  checkCounted,
  makeEventStream,
  readQueue,
  readSizes,
  untilAnsweredFromRedis,
  untilRecorded,
  type Whole,
} from '../tracker.js';

const CONNECTIONS = 256;
const IDLE_MS = 3_000;

export const cost: Part = {
  title: 'memory, CPU, disk space and start-up time',
  ads: 100,
  async run(stack, { cost: { starts, seconds } }) {
    await stack.startServers();
    await makeEventStream(stack);
    printDetail(`one process of each service, all processes run ${whereIs('anywhere')}; ${CONNECTIONS} connections`);
    const [startUp, services] = await startAll(stack, starts);
    await untilAnsweredFromRedis(services.analytics, stack.adIds[0] ?? '');
    await sleep(IDLE_MS);
    const idle = memories(services);

    const { ingest, consumer, analytics } = services;
    const adIds = stack.adIds;
    const clicks = {
      port: ingest.port,
      connections: CONNECTIONS,
      request: { kind: 'click', adIds },
      status: 202,
    } as const;
    const room = await queueRoom(stack, consumer, () => warmUp(clicks));

    const before = { cpu: cpuOf(stack, services), sizes: await readSizes(stack) };
    const { answered, perSecond } = await runLoad({ ...clicks, warmSeconds: 0, seconds });
    await untilRecorded(stack, room.clicks + answered);
    const after = { cpu: cpuOf(stack, services), sizes: await readSizes(stack) };
    await checkCounted(stack, room.clicks + answered);
    const paths = adIds.map((adId) => `/api/v1/ads/analytics?ad_id=${adId}`);
    const questions = { ...clicks, port: analytics.port, request: { kind: 'get', paths }, status: 200 } as const;
    await runLoad({ ...questions, warmSeconds: 0, seconds });
    const most = new Map(SERVICE_NAMES.map((name) => [name, readMemory(services[name].pid).most]));
    printDetail(`${answered} clicks, ${inFigures(perSecond)}/s; CPU is counted until the last one is recorded`);

    const perMillion = (name: string) =>
      ((after.cpu.get(name) ?? Number.NaN) - (before.cpu.get(name) ?? Number.NaN)) / (answered / 1e6);
    const names = [...after.cpu.keys()];
    printTable(
      ['process', 'start-up s', 'spread', 'idle MB', 'peak MB under load', 'CPU s per million clicks'],
      names.map((name) => {
        const cpu = inFigures(perMillion(name));
        const service = SERVICE_NAMES.find((one) => one === name);
        if (service === undefined) return [name, '', '', '', '', cpu];
        const memory = [idle.get(service), most.get(service)].map((one) => inFigures(one ?? Number.NaN));
        return [name, ...startUp.cells(service), ...memory, cpu];
      }),
      [0],
    );
    const bytes: Record<string, number> = { jetstream: room.bytesPerClick };
    for (const [name, size] of Object.entries(after.sizes)) {
      bytes[name] = (size - (before.sizes[name] ?? 0)) / answered;
    }
    printTable(
      ['stored data', 'bytes per click'],
      Object.entries(bytes).map(([name, size]) => [name.replaceAll('_', ' '), inFigures(size)]),
      [0],
    );
    return flat({
      start_up_seconds: SERVICE_NAMES.map((name) => [name, startUp.of(name).median]),
      idle_mb: [...idle],
      load_mb: [...most],
      cpu_seconds_per_million: names.map((name) => [name.toLowerCase(), perMillion(name)]),
      bytes_per_click: Object.entries(bytes),
    });
  },
};

/** Time from the start of a process until it is ready. @returns the processes of the last start, still running */
async function startAll(stack: BenchStack, times: number): Promise<[Figures, Whole]> {
  const startUp = new Figures();
  const start = async (name: ServiceName) => {
    const since = performance.now();
    const service = await stack.startServiceAt('anywhere', name);
    startUp.add(name, (performance.now() - since) / 1_000);
    return service;
  };
  for (let time = 1; time < times; time += 1) {
    for (const name of SERVICE_NAMES) await (await start(name)).stop();
  }
  const services: Partial<Record<ServiceName, LocalProcess>> = {};
  for (const name of SERVICE_NAMES) services[name] = await start(name);
  return [startUp, services as Whole];
}

/** Measures the bytes of a click in JetStream while no consumer runs. This also warms up later measurements. */
async function queueRoom(
  stack: BenchStack,
  consumer: LocalProcess,
  load: () => Promise<number>,
): Promise<{ clicks: number; bytesPerClick: number }> {
  await consumer.stop();
  const answered = await load();
  const { bytes } = await readQueue(stack);
  await consumer.start();
  await untilRecorded(stack, answered);
  await checkCounted(stack, answered);
  return { clicks: answered, bytesPerClick: bytes / answered };
}

function memories(services: Whole): Map<ServiceName, number> {
  return new Map(SERVICE_NAMES.map((name) => [name, readMemory(services[name].pid).now]));
}

/** CPU seconds by process, with all processes of Postgres together. */
function cpuOf({ servers }: BenchStack, services: Whole): Map<string, number> {
  const all = [...Object.values(services), ...servers.nats, servers.postgres, ...servers.redis];
  return new Map(all.map(({ name, pid }) => [name, readCpuSeconds(pid ?? 0)]));
}

function flat(groups: Readonly<Record<string, readonly (readonly [string, number])[]>>): PartFigures {
  return Object.fromEntries(
    Object.entries(groups).flatMap(([group, figures]) =>
      figures.map(([name, figure]) => [`${name}_${group}`, rounded(figure)]),
    ),
  );
}
