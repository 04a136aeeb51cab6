import { type ClientRateLimitInfo, MemoryStore } from 'express-rate-limit';

/**
 * Counts by address, of a bounded number of addresses: the library's own store keeps every address that it saw in the
 * last two windows, and whoever has a network to send from has as many as they like.
 */
export class BoundedStore extends MemoryStore {
  readonly #capacity: number;

  /** @param capacity the most addresses; of more than half of them those are forgotten that were not seen for longest */
  constructor(capacity: number) {
    super();
    this.#capacity = capacity;
  }

  override increment(key: string): Promise<ClientRateLimitInfo> {
    // Two maps, and whoever is seen is in the newer one. What else is at the end of a window, when that one is full.
    if (this.current.size >= this.#capacity / 2 && !this.current.has(key)) {
      this.previous = this.current;
      this.current = new Map();
    }
    return super.increment(key);
  }
}
