import type { Redis } from 'ioredis';
import type { RedisAddress } from './redis-address.js';
import { parseInfo } from './redis-server.js';

export const SLOTS = 16_384;

/** Slots from one to another, both included. */
export type SlotRange = readonly [first: number, last: number];

/** A server of the cluster that serves slots. */
export interface Primary extends RedisAddress {
  /** In ascending order. */
  readonly ranges: readonly SlotRange[];
}

/** Who serves what, as one node sees it. */
export interface Topology {
  readonly primaries: readonly Primary[];
  /** Every node that can be asked again, replicas too. */
  readonly nodes: readonly RedisAddress[];
  /** False where that node finds that the cluster doesn't work, as when it was cut off from the others. */
  readonly ok: boolean;
  /** Grows with each failover: the view with the smaller one is the older. */
  readonly epoch: number;
}

/**
 * Asks a node who serves what.
 *
 * @param from where the node was reached
 * @throws when it doesn't answer, or is no node of a cluster
 */
export async function readTopology(node: Redis, from: RedisAddress): Promise<Topology> {
  const [info, slots] = await Promise.all([node.cluster('INFO'), node.cluster('SLOTS')]);
  return toTopology(String(info), slots as unknown as readonly SlotsEntry[], from);
}

/**
 * The view in the answers to CLUSTER INFO and CLUSTER SLOTS.
 *
 * @param from where the node was reached that gave them: it may not know its own address
 */
export function toTopology(info: string, slots: readonly SlotsEntry[], from: RedisAddress): Topology {
  const fields = parseInfo(info);
  return {
    ...parseSlots(slots, from),
    ok: fields.get('cluster_state') === 'ok',
    epoch: Number(fields.get('cluster_current_epoch')),
  };
}

/** Newer servers add what ioredis doesn't tell of: no host, and any number of replicas. */
type NodeEntry = readonly [host: string | null, port: number, ...more: unknown[]];
export type SlotsEntry = readonly [first: number, last: number, primary: NodeEntry, ...replicas: NodeEntry[]];

function parseSlots(entries: readonly SlotsEntry[], from: RedisAddress): Pick<Topology, 'primaries' | 'nodes'> {
  const nodes = new Map<string, RedisAddress>();
  const rangesOf = new Map<string, SlotRange[]>();
  const addressOf = ([host, port]: NodeEntry): RedisAddress => ({
    // A node that was never told its address leaves it out, or writes a question mark.
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

/** In order, and with no border between neighbours: nodes differ in where they cut. */
function joined(ranges: readonly SlotRange[]): SlotRange[] {
  const result: SlotRange[] = [];
  for (const [first, last] of [...ranges].sort(([a], [b]) => a - b)) {
    const before = result.at(-1);
    if (before !== undefined && before[1] + 1 === first) result[result.length - 1] = [before[0], last];
    else result.push([first, last]);
  }
  return result;
}

/** The view to go by: of a node that finds the cluster in order, and that heard of the latest failover. */
export function newest(views: readonly Topology[]): Topology | undefined {
  return [...views].sort(
    (a, b) => Number(b.ok) - Number(a.ok) || b.epoch - a.epoch || slotsServed(b) - slotsServed(a),
  )[0];
}

/** How many slots somebody serves. */
export function slotsServed({ primaries }: Topology): number {
  let served = 0;
  for (const { ranges } of primaries) for (const [first, last] of ranges) served += last - first + 1;
  return served;
}

export function nameOf({ host, port }: RedisAddress): string {
  return `${host}:${port}`;
}
