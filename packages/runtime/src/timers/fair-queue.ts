/** Maximum numbers of items that wait. */
export interface FairQueueLimits {
  readonly inAll: number;
  readonly perClient: number;
}

/** Items that wait, in a queue per client. Clients take turns, so that one with many items does not delay the others. */
export interface FairQueue<Item> {
  /** False if too many items wait; the item was not added. */
  add(client: string, item: Item): boolean;
  /** Removes the first item of the client whose turn it is. */
  next(): Item | undefined;
  isEmpty(): boolean;
}

export function createFairQueue<Item>(limits: FairQueueLimits): FairQueue<Item> {
  /** The client whose turn is next comes first. */
  const queues = new Map<string, Item[]>();
  let size = 0;
  return {
    add(client, item) {
      const queue = queues.get(client) ?? [];
      if (size >= limits.inAll || queue.length >= limits.perClient) return false;
      if (queue.push(item) === 1) queues.set(client, queue);
      size += 1;
      return true;
    },
    next() {
      const [first] = queues;
      if (first === undefined) return undefined;
      const [client, queue] = first;
      size -= 1;
      const item = queue.shift();
      // The client moves behind all others.
      queues.delete(client);
      if (queue.length > 0) queues.set(client, queue);
      return item;
    },
    isEmpty: () => size === 0,
  };
}
