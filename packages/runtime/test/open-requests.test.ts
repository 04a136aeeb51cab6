import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import { OpenRequests } from '../src/server/open-requests.js';

const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise(setImmediate);
};

test.each([
  ['before the request is read', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}', 'at once'],
  ['at its last byte', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}', 'data'],
  ['after its end', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', 'end'],
])('an idle connection keeps no request in memory after a response %s', async (_when, text, event) => {
  const openRequests = new OpenRequests();
  let socket: Socket | undefined;
  let seen = 0;
  const server = createServer((request, response) => {
    socket = request.socket;
    openRequests.begin(request, response);
    response.on('close', () => openRequests.end({ request, response }));
    seen += openRequests.latestOf(socket)?.response === response ? 1 : 0;
    const answer = () => response.end('done');
    if (event === 'at once') answer();
    else request.on(event, answer).resume();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.write(text);
  await once(client, 'data');
  await until(() => socket !== undefined && openRequests.latestOf(socket) === undefined);
  expect([seen, openRequests.open()]).toEqual([1, []]);
  client.destroy();
  server.close();
});
