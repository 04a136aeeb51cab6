import { createServer } from 'node:net';

/*
 * Below the range that kernels hand out for outgoing connections (from 32768 on Linux, 49152 on
 * macOS). A port from inside that range is unsafe for a server that gets killed and restarted:
 * while it is away, a client that keeps connecting to it can be given that very port as its own,
 * connect to itself, and hold it.
 */
const LOWEST = 20_000;
const HIGHEST = 31_999;

/** True when nothing listens on the port and it can be bound. */
export function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/**
 * Each process goes through the ports from somewhere else, in order: it gives none out twice, and what it gave out and
 * nobody listens on yet, or for a moment not, is unlikely to be given out by another.
 */
let next = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST + 1));

/** A TCP port on 127.0.0.1 that is free now, and that no outgoing connection will take. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = next;
    next = port === HIGHEST ? LOWEST : port + 1;
    if (await isPortFree(port)) return port;
  }
  throw new Error(`Found no free port between ${LOWEST} and ${HIGHEST} on 127.0.0.1`);
}
