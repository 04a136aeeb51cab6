import { once } from 'node:events';
import {
  Agent,
  type ClientRequest,
  createServer,
  type IncomingMessage,
  type RequestListener,
  ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ApiService } from '@ads/contract/paths';
import { createProxyServer } from 'httpxy';
import { addressOf, limitClients } from './clients.js';
import { answerError, createRefusals, sayUnavailable } from './refusals.js';
import { isMalformed, originForm, upstreamOf } from './routes.js';

/** A running gateway. */
export interface Gateway {
  readonly host: string;
  readonly port: number;
  /** Stops accepting requests, waits up to `graceMs` (5000) for open ones, and closes. */
  close(graceMs?: number): Promise<void>;
}

interface GatewayOptions {
  host: string;
  /** 0 for any free port. */
  port: number;
  /** The port of a service on 127.0.0.1; undefined until it runs. */
  portOf: (upstream: ApiService) => number | undefined;
}

// Shorter than the idle timeout of the services, so that no request is sent on a connection that its service is closing.
const IDLE_CONNECTION_MS = 2_000;

// The defaults of the services, which close a connection that stops sending.
const LIMITS = { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 5_000 };

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
 * Opens the public address in front of the services. The gateway is the outermost proxy, so it replaces the forwarding headers
 * of the client by the address of the connection.
 * @throws the listen error, such as EADDRINUSE
 */
export async function openGateway({ host, port, portOf }: GatewayOptions): Promise<Gateway> {
  const agent = new UpstreamAgent();
  const proxy = createProxyServer({ agent });
  proxy.on('proxyRes', ({ headers }, request, response) => {
    // These headers describe the connection between the service and the gateway only.
    delete headers.connection;
    delete headers['keep-alive'];
    // httpxy copies this header of the request to the response.
    request.headers.connection = response.shouldKeepAlive ? 'keep-alive' : 'close';
  });
  proxy.on('error', (_error, request, response) => {
    if (request !== undefined && response instanceof ServerResponse) sayUnavailable(request, response);
  });
  // The client disconnected during its request, so no response is possible.
  proxy.on('econnreset', (_error, _request, response) => response.destroy());

  const refusals = createRefusals();
  const handle: RequestListener = (request, response) => {
    response.on('error', () => response.destroy());
    const hosts = request.headersDistinct.host?.length ?? 0;
    if (hosts > 1 || (hosts === 0 && request.httpVersion === '1.1')) {
      answerError(request, response, 400, 'invalid_request', 'The request must have one Host header.');
      return;
    }
    const target = originForm(request.url ?? '/');
    if (isMalformed(target)) {
      answerError(request, response, 400, 'invalid_request', 'The path of the request is malformed.');
      return;
    }
    const upstreamPort = portOf(upstreamOf(target));
    if (upstreamPort === undefined) {
      sayUnavailable(request, response);
      return;
    }
    request.url = target;
    rewriteHeaders(request);
    const service = { host: '127.0.0.1', port: upstreamPort, protocol: 'http:' };
    proxy.web(request, response, { target: service }).catch(() => sayUnavailable(request, response));
  };
  const server = createServer({ ...LIMITS, requireHostHeader: false });
  const handleInTurn = limitClients(server, handle);
  const receive: RequestListener = (request, response) => {
    refusals.follow(request, response);
    handleInTurn(request, response);
  };
  server.on('request', receive);
  server.on('clientError', refusals.notHttp);
  // The service decides about the `Expect` header.
  server.on('checkExpectation', receive);
  // The same accept queue as in the services.
  server.listen({ port, host, backlog: 4_096 });
  await once(server, 'listening');
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

/**
 * Removes headers that describe one connection. Node throws if a forwarded request has a `Trailer` and no chunks.
 */
const HOP_HEADERS = ['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade'];

/** Headers by which a client may claim another address. */
const CLIENT_ADDRESS = /^(?:x-forwarded-.*|forwarded|x-real-ip)$/;

function rewriteHeaders({ headers, socket }: IncomingMessage): void {
  for (const name of Object.keys(headers)) {
    if (HOP_HEADERS.includes(name) || CLIENT_ADDRESS.test(name)) delete headers[name];
  }
  headers['x-forwarded-for'] = addressOf(socket);
  headers['x-forwarded-proto'] = 'http';
  if (headers.host !== undefined) headers['x-forwarded-host'] = headers.host;
}
