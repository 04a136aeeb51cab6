/** Seconds until a client that found no place may retry. */
export const RETRY_SECONDS = 5;

/** Limits the number of answers that are made at a time. */
export interface Places {
  /** @returns a function that gives the place back; undefined when no place is left for the client */
  take(client: string): (() => void) | undefined;
  taken(): number;
}

export function createPlaces(most: number, perClient: number): Places {
  const clients: string[] = [];
  return {
    take(client) {
      const own = clients.filter((one) => one === client).length;
      if (clients.length >= most || own >= perClient) return undefined;
      clients.push(client);
      return () => clients.splice(clients.indexOf(client), 1);
    },
    taken: () => clients.length,
  };
}
