import type { RequestListener } from 'node:http';
import type { WholeHandler } from '@ads/runtime';

/** Answer the requests of a service. */
export interface ApiHandlers {
  /** Answers every request: fast path, management endpoints, routes, errors. */
  readonly handler: RequestListener;
  /** Answers the requests of the fast path that arrive whole. */
  readonly wholeHandler: WholeHandler;
}
