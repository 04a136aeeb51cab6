import { expect } from '@jest/globals';
import type { ClientAnswer } from './client.js';

export interface WantedError {
  readonly status: number;
  readonly error: string;
  readonly message: string | RegExp;
  readonly details?: readonly { readonly path: string; readonly message: string }[];
}

/** Holds an answer against the one form that all errors have, and against what this one is to say. */
export function expectError(answer: ClientAnswer, { status, error, message, details }: WantedError): void {
  expect({ status: answer.status, body: answer.body }).toEqual({
    status,
    body: {
      error,
      message: typeof message === 'string' ? message : expect.stringMatching(message),
      details: details ?? expect.any(Array),
      request_id: answer.headers.get('x-request-id'),
    },
  });
  expect((answer.body as { message: string }).message).toMatch(/^[A-Z].*\.$/);
  expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
}
