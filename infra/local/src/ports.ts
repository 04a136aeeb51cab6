import { createServer, type Server } from 'node:net';

/*
 * These ports are below the range for outgoing connections (from 32768 on Linux, 49152 on macOS). A port of that range is unsafe
 * for a server that is killed and restarted: meanwhile a client that retries its connection may get the same port as its own,
 * connect to itself, and keep the port.
 */
const LOWEST = 20_000;
const HIGHEST = 31_999;

/**
 * Each process takes its ports from its own blocks. The port of a server that a test has killed therefore stays free until its
 * restart, and its clients are refused meanwhile.
 */
const BLOCK = 48;
const BLOCKS = Math.floor((HIGHEST - LOWEST + 1) / BLOCK);

const ports = freePorts();

/** Returns a free TCP port on 127.0.0.1 that no outgoing connection and none of our processes will use. */
export async function freePort(): Promise<number> {
  const { value } = await ports.next();
  if (value === undefined) throw new Error(`Found no free port between ${LOWEST} and ${HIGHEST} on 127.0.0.1`);
  return value;
}

/** Returns true if the port can be bound on 127.0.0.1 and no process listens on it. */
export async function isPortFree(port: number): Promise<boolean> {
  const server = await listen(port);
  if (server === undefined) return false;
  await new Promise((resolve) => server.close(resolve));
  return true;
}

/** Ports of claims: one for each port that can be claimed. Two ports may share one; then one of them moves. */
const CLAIMS = { lowest: 10_000, count: 4_000 };

/**
 * Claims a port for a server that this process will start. The claim ends with the process, however it ends, so two processes
 * that start at the same time do not choose the same port.
 *
 * @returns false if a process has claimed it, this one or another
 */
export async function claimPort(port: number): Promise<boolean> {
  const claim = await listen(CLAIMS.lowest + (port % CLAIMS.count));
  claim?.unref();
  return claim !== undefined;
}

async function* freePorts(): AsyncGenerator<number, undefined> {
  const start = Math.floor(Math.random() * BLOCKS);
  for (let tried = 0; tried < BLOCKS; tried += 1) {
    const first = LOWEST + ((start + tried) % BLOCKS) * BLOCK;
    // The process that listens on the first port of a block owns the block until it ends.
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
