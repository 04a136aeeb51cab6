/** Requests of one address that may be under way at a time, as with the gateway of the containers. */
const MOST_OF_ADDRESS = 1_024;

/** Counts the requests that are under way, by the address that they come from. */
export interface UnderWay {
  /** False if the address has reached its limit; the caller then refuses the request. */
  begin(address: string): boolean;
  /** Called once for each that began. */
  end(address: string): void;
}

/**
 * Without a bound, one client that pipelines thousands of requests, or begins thousands and never completes them, takes all
 * connections to a service for itself.
 */
export function countUnderWay(most = MOST_OF_ADDRESS): UnderWay {
  const counts = new Map<string, number>();
  return {
    begin(address) {
      const count = counts.get(address) ?? 0;
      if (count >= most) return false;
      counts.set(address, count + 1);
      return true;
    },
    end(address) {
      const left = (counts.get(address) ?? 1) - 1;
      if (left === 0) counts.delete(address);
      else counts.set(address, left);
    },
  };
}
