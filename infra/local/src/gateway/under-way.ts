/** Maximum number of open requests of one address, as in the gateway of the containers. */
const MOST_OF_ADDRESS = 1_024;

/**
 * Counts the requests that are under way, by the address that they come from. Without a bound, one client that pipelines
 * thousands of requests, or begins thousands and never completes them, takes all connections to a service for itself.
 */
export class UnderWay {
  readonly #counts = new Map<string, number>();

  /** False if the address has reached its limit; the caller then refuses the request. */
  begin(address: string): boolean {
    const count = this.#counts.get(address) ?? 0;
    if (count >= MOST_OF_ADDRESS) return false;
    this.#counts.set(address, count + 1);
    return true;
  }

  /** To be called once at the end of each request that began. */
  end(address: string): void {
    const left = (this.#counts.get(address) ?? 1) - 1;
    if (left === 0) this.#counts.delete(address);
    else this.#counts.set(address, left);
  }
}
