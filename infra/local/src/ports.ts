import { createServer, type Server } from 'node:net';

/*
 * Below the range that kernels hand out for outgoing connections (from 32768 on Linux, 49152 on
 * macOS). A port from inside that range is unsafe for a server that gets killed and restarted:
 * while it is down, a client that keeps connecting to it can be given that very port as its own,
 * connect to itself, and hold it.
 */
const LOWEST = 20_000;
const HIGHEST = 31_999;

/**
 * A process takes its ports from blocks that no other process takes any from: a server that is down for a short time, because
 * a test has killed it, finds its port free again, and its clients are refused meanwhile.
 */
const BLOCK = 48;
const BLOCKS = Math.floor((HIGHEST - LOWEST + 1) / BLOCK);

const ports = freePorts();

/** A TCP port on 127.0.0.1 that is free now, and that no outgoing connection and none of our processes will take. */
export async function freePort(): Promise<number> {
  const { value } = await ports.next();
  if (value === undefined) throw new Error(`Found no free port between ${LOWEST} and ${HIGHEST} on 127.0.0.1`);
  return value;
}

/** True when nothing listens on the port of 127.0.0.1, and it can be bound. */
export async function isPortFree(port: number): Promise<boolean> {
  const server = await listen(port);
  if (server === undefined) return false;
  await new Promise((resolve) => server.close(resolve));
  return true;
}

async function* freePorts(): AsyncGenerator<number, undefined> {
  const start = Math.floor(Math.random() * BLOCKS);
  for (let tried = 0; tried < BLOCKS; tried += 1) {
    const first = LOWEST + ((start + tried) % BLOCKS) * BLOCK;
    // Whoever listens on the first port of a block has all of it, until it ends, however it ends.
    const claim = await listen(first);
    if (claim === undefined) continue;
    claim.unref();
    for (let port = first + 1; port < first + BLOCK; port += 1) if (await isPortFree(port)) yield port;
  }
}

function listen(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => resolve(server));
  });
}
