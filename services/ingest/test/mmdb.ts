import { addressBytes } from '@ads/models';

/** Values of records: those types of the format that databases of countries use. */
type Value = string | number | { readonly [key: string]: Value };
/** A node has a record for bit 0 and one for bit 1: another node, the offset of data, or nothing. */
type Node = [Node | number | undefined, Node | number | undefined];

const SEPARATOR = Buffer.alloc(16);
const METADATA_MARKER = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1');
const IPV4_IN_IPV6 = 96;

/**
 * A database in the MaxMind format with these networks, which must not overlap. The licences of real databases keep them out of
 * this repository.
 *
 * @param ipVersion 4 for a database without IPv6 addresses
 */
export function mmdb(networks: Readonly<Record<string, Value>>, ipVersion: 4 | 6 = 6): Buffer {
  const root: Node = [undefined, undefined];
  const records: Buffer[] = [];
  let length = 0;
  for (const [network, value] of Object.entries(networks)) {
    addNetwork(root, bitsOf(network, ipVersion), length);
    const record = encode(value);
    records.push(record);
    length += record.length;
  }
  const nodes = numbered(root);
  const recordOf = (child: Node | number | undefined): number => {
    if (child === undefined) return nodes.size;
    return typeof child === 'number' ? nodes.size + SEPARATOR.length + child : Number(nodes.get(child));
  };
  const tree = Buffer.alloc(nodes.size * 6);
  for (const [[left, right], number] of nodes) {
    tree.writeUIntBE(recordOf(left), number * 6, 3);
    tree.writeUIntBE(recordOf(right), number * 6 + 3, 3);
  }
  const metadata = encode({
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: Date.UTC(2026, 10, 1) / 1_000,
    database_type: 'Test-Country',
    ip_version: ipVersion,
    node_count: nodes.size,
    record_size: 24,
  });
  return Buffer.concat([tree, SEPARATOR, ...records, METADATA_MARKER, metadata]);
}

/** The bits of a network such as `203.0.113.0/24`. IPv4 is in `::/96` of a database with IPv6. */
function bitsOf(network: string, ipVersion: 4 | 6): string {
  const [address = '', length = ''] = network.split('/');
  const isIpv4 = !address.includes(':');
  const bytes = isIpv4 ? addressBytes(address).subarray(12) : addressBytes(address);
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const prefix = isIpv4 && ipVersion === 6 ? '0'.repeat(IPV4_IN_IPV6) : '';
  return prefix + bits.slice(0, Number(length));
}

function addNetwork(root: Node, bits: string, offset: number): void {
  let node = root;
  for (const bit of bits.slice(0, -1)) {
    const side = Number(bit) as 0 | 1;
    const next = node[side] ?? [undefined, undefined];
    if (typeof next === 'number') throw new Error('networks overlap');
    node[side] = next;
    node = next;
  }
  node[Number(bits.at(-1)) as 0 | 1] = offset;
}

/** The nodes of a tree with their numbers; the root is 0. */
function numbered(root: Node): Map<Node, number> {
  const nodes = new Map([[root, 0]]);
  for (const [node] of nodes) {
    for (const child of node) if (Array.isArray(child)) nodes.set(child, nodes.size);
  }
  return nodes;
}

const TYPES = { string: 2, number: 6, object: 7 } as const;
const LONGEST = 28;

function encode(value: Value): Buffer {
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(5, (TYPES.number << 5) | 4);
    bytes.writeUInt32BE(value, 1);
    return bytes;
  }
  if (typeof value === 'string') return withControl(TYPES.string, Buffer.byteLength(value), [Buffer.from(value)]);
  const entries = Object.entries(value);
  return withControl(
    TYPES.object,
    entries.length,
    entries.flatMap(([key, one]) => [encode(key), encode(one)]),
  );
}

function withControl(type: number, size: number, parts: readonly Buffer[]): Buffer {
  if (size > LONGEST) throw new Error(`texts and maps have at most ${LONGEST} characters or keys here`);
  return Buffer.concat([Buffer.of((type << 5) | size), ...parts]);
}
