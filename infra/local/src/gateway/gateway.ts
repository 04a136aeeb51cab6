import { randomUUID } from 'node:crypto';
import { Agent, type ClientRequest, createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createProxyServer } from 'httpxy';
import { type Upstream, upstreamOf } from './routes.js';

/** A running gateway. */
export interface Gateway {
  readonly host: string;
  readonly port: number;
  /** Stops taking requests, gives those under way `graceMs` (5000), and closes. */
  close(graceMs?: number): Promise<void>;
}

/** What the gateway listens on, and where the services are. */
export interface GatewayOptions {
  host: string;
  /** 0 for any free one. */
  port: number;
  /** The port of a service on 127.0.0.1, or undefined while it is not there yet. */
  portOf: (upstream: Upstream) => number | undefined;
}

// Shorter than the time for which any service keeps an idle connection open: a request is then
// never sent down one that is just being closed at the other end.
const IDLE_CONNECTION_MS = 2_000;

class UpstreamAgent extends Agent {
  constructor() {
    super({ keepAlive: true, maxFreeSockets: 256 });
  }

  override keepSocketAlive(socket: Duplex): boolean {
    super.keepSocketAlive(socket);
    (socket as Socket).setTimeout(IDLE_CONNECTION_MS);
    return true;
  }

  override reuseSocket(socket: Duplex, request: ClientRequest): void {
    super.reuseSocket(socket, request);
    (socket as Socket).setTimeout(0);
  }
}

/**
 * The one public address in front of the services. It is the outermost edge: what a client says
 * about its own address is thrown away, and the address it really comes from is put there.
 * @throws the listen error, such as EADDRINUSE.
 */
export async function openGateway({ host, port, portOf }: GatewayOptions): Promise<Gateway> {
  const agent = new UpstreamAgent();
  const proxy = createProxyServer({ agent });
  // What concerns a connection concerns only the one between the service and us.
  proxy.on('proxyRes', ({ headers }) => {
    delete headers.connection;
    delete headers['keep-alive'];
  });
  proxy.on('error', (_error, request, response) => {
    if (request !== undefined && response instanceof ServerResponse) sayUnavailable(request, response);
  });
  // The client went away while it was sending: nobody is left to answer.
  proxy.on('econnreset', (_error, _request, response) => response.destroy());

  const server = createServer((request, response) => {
    response.on('error', () => response.destroy());
    const upstreamPort = portOf(upstreamOf(request.url ?? '/'));
    if (upstreamPort === undefined) {
      sayUnavailable(request, response);
      return;
    }
    removeHopHeaders(request);
    setForwardedHeaders(request);
    const target = { host: '127.0.0.1', port: upstreamPort, protocol: 'http:' };
    proxy.web(request, response, { target }).catch(() => sayUnavailable(request, response));
  });
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    else socket.destroy();
  });
  await listen(server, port, host);
  return {
    host,
    port: (server.address() as AddressInfo).port,
    close: async (graceMs = 5_000) => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const deadline = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearTimeout(deadline);
      agent.destroy();
    },
  };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // As many connections may wait as with the services.
    server.listen({ port, host, backlog: 4_096 }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/**
 * What concerns a connection alone ends here. Node throws where a request that is passed on has a `Trailer` and no
 * chunks.
 */
const HOP_HEADERS = ['keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade'] as const;

function removeHopHeaders({ headers }: IncomingMessage): void {
  for (const name of HOP_HEADERS) delete headers[name];
}

function setForwardedHeaders({ headers, socket }: IncomingMessage): void {
  for (const name of Object.keys(headers)) {
    if (name.startsWith('x-forwarded-') || name === 'forwarded' || name === 'x-real-ip') {
      delete headers[name];
    }
  }
  headers['x-forwarded-for'] = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  headers['x-forwarded-proto'] = 'http';
  if (headers.host !== undefined) headers['x-forwarded-host'] = headers.host;
}

const SANE_REQUEST_ID = /^[\w.:-]{1,128}$/;

function sayUnavailable(request: IncomingMessage, response: ServerResponse): void {
  if (response.headersSent) {
    // Half an answer is out: only a broken connection tells the client that it is not whole.
    response.destroy();
    return;
  }
  const given = request.headers['x-request-id'];
  const requestId = typeof given === 'string' && SANE_REQUEST_ID.test(given) ? given : randomUUID();
  const body = JSON.stringify({
    error: 'unavailable',
    message: 'The service is starting or away. Try again in a moment.',
    details: [],
    request_id: requestId,
  });
  response.writeHead(503, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'Retry-After': '1',
    'X-Request-ID': requestId,
    // Browsers show the error to a page of another origin only with this.
    'Access-Control-Allow-Origin': '*',
  });
  response.end(request.method === 'HEAD' ? undefined : body);
  // The rest of the body must be read, or the client may never see the answer.
  request.resume();
}
