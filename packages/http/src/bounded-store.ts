import { type ClientRateLimitInfo, MemoryStore } from 'express-rate-limit';

/**
 * Counts by address, of a bounded number of addresses: the library's own store keeps every address that it saw in the
 * last two windows, and whoever has a network to send from has as many as they like.
 */
export class BoundedStore extends MemoryStore {
  readonly #capacity: number;

  /** @param capacity the most addresses; those that were not seen for longest are forgotten, half of them at a time */
  constructor(capacity: number) {
    super();
    this.#capacity = capacity;
  }

  override async increment(key: string): Promise<ClientRateLimitInfo> {
    // Whoever is seen moves to the newer of two maps. A full one becomes the older, as at the end of a window.
    if (this.current.size >= this.#capacity / 2 && !this.current.has(key)) {
      this.previous = this.current;
      this.current = new Map();
    }
    // The window ends at a time of the system clock. After that was set back by an hour it would not end for an hour.
    const client = this.current.get(key) ?? this.previous.get(key);
    if (client !== undefined && client.resetTime.getTime() - Date.now() > this.windowMs) await this.resetKey(key);
    return super.increment(key);
  }
}
