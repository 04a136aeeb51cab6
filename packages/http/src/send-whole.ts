import type { ServerResponse } from 'node:http';

/**
 * Sends the body of an answer whose head is written, and ends it. `response.end(body)` alone hands the socket two pieces,
 * the second one empty, and two pieces go by another call than one: that takes 1.4 µs more.
 */
export function sendWhole(response: ServerResponse, body: string, encoding: BufferEncoding): void {
  const { socket } = response;
  // Its turn on the connection has not come: Node keeps it until then.
  if (socket === null) {
    response.end(body, encoding);
    return;
  }
  // Corked by us, the socket gets head and body as one piece, and now.
  socket.cork();
  response.write(body, encoding);
  socket.uncork();
  response.end();
}
