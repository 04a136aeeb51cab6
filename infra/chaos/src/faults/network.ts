import type { DependencyName } from '../stack/dependency.js';
import type { TcpProxy } from '../stack/tcp-proxy.js';
import { type Fault, type FaultContext, pause } from './fault.js';

const DEPENDENCIES: readonly DependencyName[] = ['postgres', 'redis', 'nats'];

/** Disturbs the network between one server and its clients, and then restores it. */
function network(
  what: string,
  worsen: (proxies: readonly TcpProxy[], context: FaultContext) => Promise<void> | void,
  isFailure = true,
): Fault[] {
  return DEPENDENCIES.map((name) => ({
    name: `${what}-${name}`,
    signals: isFailure ? [name] : [],
    async run(context) {
      const dependency = context.stack[name];
      try {
        await worsen(dependency.proxies, context);
      } finally {
        await dependency.heal();
      }
    },
  }));
}

/** @param isFailure true if the delay is longer than the timeout of the services */
function slow(what: string, milliseconds: number, isFailure: boolean): Fault[] {
  return network(
    what,
    async (proxies, { last }) => {
      for (const proxy of proxies) proxy.delay(milliseconds);
      await last(8);
    },
    isFailure,
  );
}

/** Networks that are slow, drop all data, or reset connections repeatedly. */
export const networks: readonly Fault[] = [
  ...slow('slow-200ms', 200, false),
  ...slow('slow-2s', 2_000, true),
  ...network('half-open', async (proxies, { last }) => {
    for (const proxy of proxies) proxy.silence();
    await last(8);
  }),
  ...network('resets', async (proxies, { last, random }) => {
    let over = false;
    const resetting = Promise.all(
      proxies.map(async (proxy) => {
        while (!over) {
          await pause(random, 20, 700);
          proxy.reset();
        }
      }),
    );
    await last(6);
    over = true;
    await resetting;
  }),
];
