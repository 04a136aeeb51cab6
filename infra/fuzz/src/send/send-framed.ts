import { type Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import type { FramedRequest } from '../generate/request.js';
import type { Answer, Outcome } from './answer.js';

/** Sends with Node's client over the connections of `agent`; waits at most `timeoutMs`. */
export function sendFramed(request: FramedRequest, port: number, agent: Agent, timeoutMs: number): Promise<Outcome> {
  const { method, path, body } = request;
  return new Promise((resolve) => {
    const headers = { ...request.headers, 'Content-Length': String(body.length) };
    const sent = httpRequest({ host: '127.0.0.1', port, agent, method, path, headers }, (incoming) => {
      const parts: Buffer[] = [];
      incoming.on('data', (part: Buffer) => parts.push(part));
      incoming.once('end', () => end({ state: 'answered', answers: [answerOf(incoming, Buffer.concat(parts))] }));
      incoming.once('error', () => end({ state: 'closed', answers: [] }));
    });
    const limit = setTimeout(() => {
      end({ state: 'hung', answers: [] });
      sent.destroy();
    }, timeoutMs);
    const end = (outcome: Outcome) => {
      clearTimeout(limit);
      resolve(outcome);
    };
    sent.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code?.startsWith('HPE_')) end({ state: 'unreadable', answers: [], problem: error.message });
      else end({ state: 'closed', answers: [] });
    });
    sent.end(body);
  });
}

function answerOf(incoming: IncomingMessage, body: Buffer): Answer {
  const headers = new Map<string, string[]>();
  for (const [name, values = []] of Object.entries(incoming.headersDistinct)) headers.set(name, values);
  return { status: incoming.statusCode ?? 0, headers, body };
}
