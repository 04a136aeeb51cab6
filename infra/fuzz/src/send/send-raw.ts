import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RawRequest } from '../generate/request.js';
import { type Answer, type Outcome, readAnswers } from './answer.js';

/** Writes the bytes on a new connection, and waits at most `timeoutMs` for responses. */
export function sendRaw(request: RawRequest, port: number, timeoutMs: number): Promise<Outcome> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    let received: Buffer = Buffer.alloc(0);
    let answers: readonly Answer[] = [];

    const end = (outcome: Outcome) => {
      clearTimeout(limit);
      socket.destroy();
      resolve(outcome);
    };
    const limit = setTimeout(() => end({ state: 'hung', answers }), timeoutMs);
    const read = (ended: boolean): boolean => {
      try {
        answers = readAnswers(received, { toHead: request.toHead, ended });
        return true;
      } catch (error) {
        end({ state: 'unreadable', answers, problem: (error as Error).message });
        return false;
      }
    };
    const closed = () => {
      if (!read(true)) return;
      end({ state: answers.length >= request.answers ? 'answered' : 'closed', answers });
    };
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (read(false) && answers.length >= request.answers) end({ state: 'answered', answers });
    });
    socket.once('end', closed);
    // After a reset during the write, earlier responses have arrived.
    socket.on('error', closed);
    socket.once('close', closed);
    socket.once('connect', () => {
      void write().then(() => {
        if (request.ending === 'leave') end({ state: 'left', answers });
        else if (request.ending === 'half-close') socket.end();
      });
    });

    async function write(): Promise<void> {
      for (const [index, part] of request.parts.entries()) {
        if (index > 0 && request.pauseMs > 0) await sleep(request.pauseMs);
        if (!socket.writable) return;
        // Without a flush the request would not be sent before the client disconnects.
        await new Promise<void>((done) => {
          socket.write(part, () => done());
        });
      }
    }
  });
}
