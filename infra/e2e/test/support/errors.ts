import { expect } from '@jest/globals';
import type { ClientAnswer } from './client.js';

export interface WantedError {
  readonly status: number;
  readonly error: string;
  readonly message: string | RegExp;
  readonly details?: readonly { readonly path: string; readonly message: string }[];
}

/** Checks a response against the common form of errors and against the expected fields. */
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
