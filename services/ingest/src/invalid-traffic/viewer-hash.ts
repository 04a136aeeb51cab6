import { createViewerSalts, type Database, dayOf, type ViewerSalts } from '@ads/ledger';
import { NO_ADDRESS } from '@ads/models';
import { type Clock, type ProcessContext, watchCopy } from '@ads/runtime';
import type { IngestConfig } from '../config.js';
import type { KnownViewer } from './circumstances.js';

/**
 * Returns the hash of a viewer as a 64-bit integer in decimal digits, undefined if the viewer is not known.
 *
 * @param receivedAt milliseconds since the epoch
 */
export type ViewerHash = (viewer: KnownViewer, receivedAt: number) => string | undefined;

/** After a crash of Postgres all replicas must soon have the same new salt. */
const REFRESH_MS = 10_000;
/** The salts of the next two days are known meanwhile. */
const OLD_AFTER_SECONDS = 3_600;

/** Reads the salts into memory; resolves when they are read, or after `POSTGRES_TIMEOUT_MS`. */
export async function openViewerHash(
  { config, metrics, conditions, shutdown }: ProcessContext<IngestConfig>,
  database: Database,
  clock: Pick<Clock, 'measuredNow'>,
): Promise<ViewerHash> {
  const salts = createViewerSalts({ database, now: clock.measuredNow, refreshMs: REFRESH_MS });
  shutdown.add('salts of viewers', salts.stop);
  const copy = { name: 'viewer_salts', entries: 'days', oldAfter: OLD_AFTER_SECONDS, metrics, conditions };
  shutdown.add('age of the salts of viewers', watchCopy(salts, copy));
  await salts.start(config.POSTGRES_TIMEOUT_MS);
  return viewerHash(salts);
}

/** Characters of a user agent that are hashed. Those of browsers have up to 300; a longer one takes 2 µs as well. */
const HASHED_CHARACTERS = 512;
const HEX_DIGITS = 16;

/** The hash has the salt of the day of receipt, so at midnight (UTC) each viewer gets another one. It takes 1.4 µs of CPU. */
export function viewerHash(salts: Pick<ViewerSalts, 'hashOf'>): ViewerHash {
  return ({ ip, userAgent }, receivedAt) => {
    if (ip === undefined || ip === NO_ADDRESS || userAgent === undefined) return undefined;
    const digest = salts.hashOf(dayOf(receivedAt))?.(`${ip}|${userAgent.slice(0, HASHED_CHARACTERS)}`, 'hex');
    return digest === undefined ? undefined : BigInt.asIntN(64, BigInt(`0x${digest.slice(0, HEX_DIGITS)}`)).toString();
  };
}
