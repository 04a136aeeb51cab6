/**
 * The rights of a key:
 * - `manage`: create, change and archive ads, and read stored events
 * - `read`: read ads, counters, reports and live streams
 * - `events`: send events to the JSON endpoints
 * - `stitch`: report the viewer of an event in `X-Device-IP` and `X-Device-User-Agent`
 */
export const KEY_SCOPES = ['manage', 'read', 'events', 'stitch'] as const;
export type KeyScope = (typeof KEY_SCOPES)[number];

/** The scopes that a key of one advertiser may have. Events and their viewers are reported for the ads of all advertisers. */
export const ADVERTISER_SCOPES: readonly KeyScope[] = ['manage', 'read'];

/** The fields of a key that the administrator sets. */
export interface KeyFields {
  readonly name: string;
  readonly scopes: readonly KeyScope[];
  /** The only advertiser whose ads the key may see and change; null for all ads. */
  readonly advertiser: string | null;
  /** ISO 8601 in UTC; null for a key that does not expire. */
  readonly expires_at: string | null;
}

/** A key, without the secret itself. */
export interface ApiKey extends KeyFields {
  readonly id: string;
  /** ISO 8601 in UTC. */
  readonly created_at: string;
  /** The name of the key that created it. */
  readonly created_by: string;
}

/** The form of the secret of a key, or of a share (`ams_`): 256 random bits. Secret scanners find it by its prefix. */
export const KEY_SECRET = /^am[ts]_[\da-f]{64}$/;
export const KEY_PREFIX = 'amt_';
