import type { Redis } from 'ioredis';
import type { RedisAddress } from './redis-address.js';
import { parseInfo } from './redis-identity.js';

export const SLOTS = 16_384;

/** A range of slots, both ends included. */
export type SlotRange = readonly [first: number, last: number];

/** A server of the cluster that serves slots. */
export interface Primary extends RedisAddress {
  /** In ascending order. */
  readonly ranges: readonly SlotRange[];
}

/** Which servers serve which slots, as one node sees it. */
export interface Topology {
  readonly primaries: readonly Primary[];
  /** All nodes that can be asked, including replicas. */
  readonly nodes: readonly RedisAddress[];
  /** False if the node reports a failed cluster, for example when a partition cut it off. */
  readonly ok: boolean;
  /** Grows with each failover: a view with a smaller epoch is older. */
  readonly epoch: number;
}

/**
 * Asks a node for its view of the cluster.
 *
 * @param from the address at which the node was reached
 * @throws if the node does not answer or is not part of a cluster
 */
export async function readTopology(node: Redis, from: RedisAddress): Promise<Topology> {
  const [info, slots] = await Promise.all([node.cluster('INFO'), node.cluster('SLOTS')]);
  return toTopology(String(info), slots as unknown as readonly SlotsEntry[], from);
}

/**
 * Parses the answers to CLUSTER INFO and CLUSTER SLOTS.
 *
 * @param from the address at which the node was reached: it may not know its own address
 */
export function toTopology(info: string, slots: readonly SlotsEntry[], from: RedisAddress): Topology {
  const fields = parseInfo(info);
  return {
    ...parseSlots(slots, from),
    ok: fields.get('cluster_state') === 'ok',
    epoch: Number(fields.get('cluster_current_epoch')),
  };
}

/** Newer servers send entries that ioredis has no types for: no host, and any number of replicas. */
type NodeEntry = readonly [host: string | null, port: number, ...more: unknown[]];
export type SlotsEntry = readonly [first: number, last: number, primary: NodeEntry, ...replicas: NodeEntry[]];

function parseSlots(entries: readonly SlotsEntry[], from: RedisAddress): Pick<Topology, 'primaries' | 'nodes'> {
  const nodes = new Map<string, RedisAddress>();
  const rangesOf = new Map<string, SlotRange[]>();
  const addressOf = ([host, port]: NodeEntry): RedisAddress => ({
    // A node that does not know its address sends none or a question mark.
    host: host === null || host === '' || host === '?' ? from.host : host,
    port,
  });
  for (const [first, last, primary, ...replicas] of entries) {
    for (const node of [primary, ...replicas].map(addressOf)) nodes.set(nameOf(node), node);
    const name = nameOf(addressOf(primary));
    rangesOf.set(name, [...(rangesOf.get(name) ?? []), [first, last]]);
  }
  const primaries = [...nodes].flatMap(([name, address]) => {
    const ranges = rangesOf.get(name);
    return ranges === undefined ? [] : [{ ...address, ranges: joined(ranges) }];
  });
  primaries.sort((a, b) => (a.ranges[0]?.[0] ?? 0) - (b.ranges[0]?.[0] ?? 0));
  return { primaries, nodes: [...nodes.values()] };
}

/** Sorts ranges and joins adjacent ones: nodes split the same slots differently. */
function joined(ranges: readonly SlotRange[]): SlotRange[] {
  const result: SlotRange[] = [];
  for (const [first, last] of [...ranges].sort(([a], [b]) => a - b)) {
    const before = result.at(-1);
    if (before !== undefined && before[1] + 1 === first) result[result.length - 1] = [before[0], last];
    else result.push([first, last]);
  }
  return result;
}

/** The view to use: from a node that reports a working cluster, with the highest epoch. */
export function newest(views: readonly Topology[]): Topology | undefined {
  return [...views].sort(
    (a, b) => Number(b.ok) - Number(a.ok) || b.epoch - a.epoch || slotsServed(b) - slotsServed(a),
  )[0];
}

/** Number of slots that have a server. */
export function slotsServed({ primaries }: Topology): number {
  let served = 0;
  for (const { ranges } of primaries) for (const [first, last] of ranges) served += last - first + 1;
  return served;
}

export function nameOf({ host, port }: RedisAddress): string {
  return `${host}:${port}`;
}
