import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, Server as NetServer } from 'node:net';
import { ConfigError } from '../config/config.js';
import type { ServerConfig } from '../config/variables.js';
import type { Health } from '../health/health.js';
import type { Logger } from '../log/logger.js';
import type { Metrics } from '../metrics/metrics.js';
import type { Shutdown } from '../process/shutdown.js';
import { every } from '../timers/every.js';
import { within } from '../timers/within.js';
import { limitConnections } from './connection-limit.js';
import { OpenRequests } from './open-requests.js';
import { createRefusals } from './refusals.js';
import { createStalledAnswers } from './stalled-answers.js';

const DRAIN_TIMEOUT_MS = 10_000;
/** Connections that wait to be taken, in a spike; beyond it they are tried again after a second. */
const BACKLOG = 4_096;
/** A connection that was idle when the end began may have a request on its way: it is taken, not cut off. */
const IDLE_GRACE_MS = 500;
const SWEEP_MS = 1_000;

/**
 * Listens, and adds the release: stop being ready, take no new connection, finish what is in
 * flight (10 s at most), close.
 * @returns the port, which the system chose if 0 was asked.
 * @throws ConfigError when the address can't be had.
 */
export async function listen(
  options: { handler: RequestListener; config: ServerConfig; logger: Logger; metrics: Metrics; health: Health },
  shutdown: Shutdown,
): Promise<number> {
  const { handler, config, logger, metrics, health } = options;
  const openRequests = new OpenRequests();
  const refusals = createRefusals(openRequests);
  let draining = false;

  const server = createServer(
    {
      keepAliveTimeout: config.HTTP_KEEP_ALIVE_TIMEOUT_MS,
      headersTimeout: config.HTTP_HEADERS_TIMEOUT_MS,
      requestTimeout: config.HTTP_REQUEST_TIMEOUT_MS,
      // How often the two above are looked at.
      connectionsCheckingInterval: 5_000,
      maxHeaderSize: 16 * 1024,
      noDelay: true,
      // Looked at below: Node's own answer has no body.
      requireHostHeader: false,
    },
    (request, response) => {
      openRequests.begin(request, response);
      response.on('close', () => openRequests.end({ request, response }));
      if (draining) response.setHeader('Connection', 'close');
      if (request.headers.host === undefined && request.httpVersion === '1.1') return refusals.noHost(response);
      const path = pathOf(request.url ?? '/');
      if (path === undefined) return refusals.noPath(response);
      request.url = path;
      handler(request, response);
    },
  );
  server.maxRequestsPerSocket = 0;
  limitConnections(server, config.HTTP_MAX_CONNECTIONS, metrics, logger);
  const stalled = createStalledAnswers(() => openRequests.sockets(), config.HTTP_SEND_TIMEOUT_MS, metrics, logger);
  server.on('clientError', refusals.notHttp);
  server.on('checkExpectation', (_request, response) => refusals.expectation(response));

  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(refusedAddress(config, error)));
    server.listen({ port: config.HTTP_PORT, host: config.HTTP_HOST, backlog: BACKLOG }, resolve);
  });
  server.removeAllListeners('error');
  server.on('error', (error) =>
    logger.error(`HTTP server failed: ${error.message}`, { event: 'http.server_failed', error }),
  );

  const stalledChecks = every(SWEEP_MS, () => stalled.sweep(performance.now()));
  shutdown.add('http server', async () => {
    draining = true;
    health.drain();
    for (const response of openRequests.open()) {
      if (!response.headersSent) response.setHeader('Connection', 'close');
    }
    // That of `net`: the one of `http` would cut off idle connections at this moment.
    const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(server, () => resolve()));
    // Those that answered meanwhile have ended. An answer whose head was already sent could not say that it is the
    // last one, so this goes on.
    const idle = every(50, () => server.closeIdleConnections(), { delayMs: IDLE_GRACE_MS });
    await within(DRAIN_TIMEOUT_MS, closed, () => {
      const requests = openRequests.open().length;
      logger.warn(`shutdown interrupted ${requests} requests after 10 s`, { event: 'http.drain_timed_out', requests });
      server.closeAllConnections();
      return closed;
    });
    await Promise.all([stalledChecks.stop(), idle.stop()]);
  });

  return (server.address() as AddressInfo).port;
}

/**
 * The path and query of a request target, which to a proxy is a whole address. Undefined for an address that is none:
 * Express would answer it in HTML.
 */
function pathOf(target: string): string | undefined {
  if (!target.includes('://') || target.startsWith('/')) return target;
  if (!URL.canParse(target)) return undefined;
  const { pathname, search } = new URL(target);
  return `${pathname}${search}`;
}

function refusedAddress(config: ServerConfig, error: NodeJS.ErrnoException): Error {
  const address = `${config.HTTP_HOST}:${config.HTTP_PORT}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return new ConfigError([`HTTP_PORT: ${address} is taken by another program; choose another`]);
    case 'EACCES':
      return new ConfigError([`HTTP_PORT: not allowed to listen on ${address}`]);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new ConfigError([`HTTP_HOST: this machine has no address ${config.HTTP_HOST}`]);
    default:
      return error;
  }
}
