// Answers on the public address of `npm start` from its first second, while it installs and builds; the gateway follows. Plain
// JavaScript, as it runs before the install; starting-page.d.mts has its types.

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { publicAddress, readVariables } from './env-file.mjs';
import { root } from './tools.mjs';

let server;

export function openStartingPage() {
  const page = readFileSync(join(root, 'infra/local/src/gateway/starting.html'), 'utf8');
  server = createServer(({ headers }, response) => {
    const isPage = headers.accept?.includes('text/html') === true;
    response.writeHead(503, {
      'Content-Type': isPage ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8',
      'Cache-Control': 'no-store',
      'Retry-After': '1',
      'Access-Control-Allow-Origin': '*',
    });
    response.end(isPage ? page : problem());
  });
  // The start reports an address that cannot be used.
  server.on('error', () => undefined);
  const { host, port } = publicAddress(readVariables(process.env));
  if (Number.isInteger(port) && port > 0 && port < 65_536) server.listen(port, host);
}

export async function closeStartingPage() {
  if (server === undefined) return;
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}

function problem() {
  const message = 'The tracker is starting. Retry after 1 second.';
  return JSON.stringify({ error: 'unavailable', message, details: [], request_id: randomUUID() });
}
