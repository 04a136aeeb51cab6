import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { type AddressInfo, Server as NetServer } from 'node:net';
import { ConfigError } from '../config/config.js';
import type { ServerConfig } from '../config/variables.js';
import type { Health } from '../health/health.js';
import type { Logger } from '../log/logger.js';
import type { Metrics } from '../metrics/metrics.js';
import type { Shutdown } from '../process/shutdown.js';
import { every } from '../timers/every.js';
import { within } from '../timers/within.js';
import { type ConnectionLimitOptions, limitConnections } from './connection-limit.js';
import { OpenRequests } from './open-requests.js';
import { createRefusals } from './refusals.js';
import { createStalledAnswers } from './stalled-answers.js';
import type { WholeHandler } from './whole-connection.js';
import { answerWholeRequests } from './whole-connections.js';

const DRAIN_TIMEOUT_MS = 10_000;
/** Length of the accept queue. In a spike, clients beyond it retry after 1 s. */
const BACKLOG = 4_096;
/** Idle connections stay open this long after the shutdown begins: a request may be on its way. */
const IDLE_GRACE_MS = 500;
const CHECK_EVERY_MS = 1_000;

const leaveToHandler: WholeHandler = () => false;

/**
 * Listens, and adds a shutdown hook that makes the process not ready, accepts no new connection, finishes open requests
 * for up to 10 s, and closes.
 * @returns the port; with HTTP_PORT=0 the one that the system chose
 * @throws ConfigError if the address is not available
 */
export async function listen(
  options: {
    handler: RequestListener;
    /** Answers requests that arrive whole, with less overhead. By default `handler` gets all requests. */
    wholeHandler?: WholeHandler;
    config: ServerConfig;
    logger: Logger;
    metrics: Metrics;
    health: Health;
    ownerOf: ConnectionLimitOptions['ownerOf'];
  },
  shutdown: Shutdown,
): Promise<number> {
  const { handler, wholeHandler = leaveToHandler, config, logger, metrics, health, ownerOf } = options;
  const openRequests = new OpenRequests();
  const refusals = createRefusals(openRequests);
  let draining = false;

  const server = createServer(
    {
      keepAliveTimeout: config.HTTP_KEEP_ALIVE_TIMEOUT_MS,
      headersTimeout: config.HTTP_HEADERS_TIMEOUT_MS,
      requestTimeout: config.HTTP_REQUEST_TIMEOUT_MS,
      // Interval at which Node checks the two timeouts above.
      connectionsCheckingInterval: 5_000,
      maxHeaderSize: 16 * 1024,
      noDelay: true,
      // Checked below, because the response of Node has no body.
      requireHostHeader: false,
    },
    (request, response) => {
      openRequests.begin(request, response);
      response.on('close', () => openRequests.end({ request, response }));
      if (draining) response.setHeader('Connection', 'close');
      // Node also accepts HTTP/2.0 and, for a request line without a version, HTTP/0.9.
      if (request.httpVersionMajor !== 1) return refusals.version(response);
      const hosts = hostLines(request);
      if (hosts > 1 || (hosts === 0 && request.httpVersion === '1.1')) return refusals.host(response);
      const path = pathOf(request.url ?? '/');
      if (path === undefined) return refusals.noPath(response);
      request.url = path;
      handler(request, response);
    },
  );
  server.maxRequestsPerSocket = 0;
  const whole = answerWholeRequests(server, wholeHandler, config);
  limitConnections(server, {
    config,
    ownerOf,
    isIdle: (socket) => openRequests.isIdle(socket) && !whole.isAnswering(socket),
    metrics,
    logger,
  });
  const sockets = () => [...openRequests.sockets(), ...whole.sockets()];
  const stalled = createStalledAnswers(sockets, config.HTTP_SEND_TIMEOUT_MS, metrics, logger);
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

  const checks = every(CHECK_EVERY_MS, () => {
    const now = performance.now();
    stalled.check(now);
    whole.check(now);
  });
  shutdown.add('http server', async () => {
    draining = true;
    health.drain();
    whole.drain();
    for (const response of openRequests.open()) {
      if (!response.headersSent) response.setHeader('Connection', 'close');
    }
    // The `close` of `net`: that of `http` would close idle connections at once.
    const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(server, () => resolve()));
    // A response whose headers were sent before the shutdown has no `Connection: close`, so its connection becomes idle.
    const closeIdle = () => {
      server.closeIdleConnections();
      whole.closeIdle();
    };
    const idle = every(50, closeIdle, { delayMs: IDLE_GRACE_MS });
    await within(DRAIN_TIMEOUT_MS, closed, () => {
      const requests = openRequests.open().length + whole.answering();
      logger.warn(`shutdown interrupted ${requests} requests after 10 s`, { event: 'http.drain_timed_out', requests });
      server.closeAllConnections();
      whole.closeAll();
      return closed;
    });
    await Promise.all([checks.stop(), idle.stop()]);
  });

  return (server.address() as AddressInfo).port;
}

/** The number of `Host` lines, of which Node keeps the first one only. Takes less than 0.1 µs. */
function hostLines({ rawHeaders }: IncomingMessage): number {
  let lines = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length === 4 && name.toLowerCase() === 'host') lines += 1;
  }
  return lines;
}

/**
 * The path and query of a request target. A request to a proxy has an absolute URL as its target. Undefined for an invalid
 * URL, which Express would answer in HTML.
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
