import type { RequestHead } from '@ads/runtime';
import type { Caller } from './access.js';
import type { Client } from './request-body.js';

/** A request on the fast path whose body has been read. */
export interface RequestContext extends Client {
  readonly request: RequestHead;
  readonly caller: Caller;
  /** The address of the client, as the trusted proxies and `TRUSTED_STITCHERS` report it. It may be any text. */
  clientAddress(): string | undefined;
  /** True for a request of a trusted server that inserts ads into streams: its sender is not the viewer. */
  isStitcher(): boolean;
  /**
   * Counts the request as this many further ones of the client.
   *
   * @throws ApiError 429 when the client is over its limit
   */
  charge(requests: number): void;
}
