/** The identity of a server and its data, from INFO. */
export interface Identity {
  /** See `RedisShard`; undefined if INFO does not tell it. */
  readonly instanceId: string | undefined;
  /** See `RedisShard`. */
  readonly unfit: string | undefined;
  /** True if the server is not part of a cluster. */
  readonly isAlone: boolean;
  /** The id of the data, which a failover changes. */
  readonly replication: string | undefined;
}

/** Without these fields, a restart, a failover or an eviction would go unnoticed. */
const NEEDED = ['run_id', 'master_replid', 'evicted_keys', 'maxmemory', 'maxmemory_policy'];

/** The identity of a server that refuses INFO. */
export const REFUSED: Identity = {
  instanceId: undefined,
  unfit: 'it refuses INFO, which shows restarts, failovers and evictions',
  isAlone: false,
  replication: undefined,
};

/** @throws Error while the server loads its data, when it refuses other commands */
export function identityOf(info: ReadonlyMap<string, string>): Identity {
  if (info.get('loading') === '1') throw new Error('LOADING Redis is loading its data');
  const missing = NEEDED.filter((field) => !info.has(field));
  const replication = info.get('master_replid');
  return {
    instanceId: missing.length > 0 ? undefined : `${info.get('run_id')}/${replication}/${info.get('evicted_keys')}`,
    unfit: unfitness(info, missing),
    isAlone: info.get('redis_mode') !== 'cluster',
    replication,
  };
}

function unfitness(info: ReadonlyMap<string, string>, missing: readonly string[]): string | undefined {
  if (missing.length > 0) return `its INFO does not show ${missing.join(', ')}`;
  if (Number(info.get('maxmemory')) > 0 && info.get('maxmemory_policy') !== 'noeviction') {
    return 'it may evict counters: set its maxmemory-policy to noeviction';
  }
  return undefined;
}

/** The fields in the answer to INFO or CLUSTER INFO. */
export function parseInfo(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return fields;
}
