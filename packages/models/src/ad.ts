/** The states of an ad. Events count in every state; a paused or archived ad is no longer served. */
export const AD_STATUSES = ['active', 'paused', 'archived'] as const;
export type AdStatus = (typeof AD_STATUSES)[number];

/** The fields of an ad that clients set. */
export interface AdFields {
  readonly title: string | null;
  readonly advertiser: string | null;
  readonly campaign: string | null;
  /** Empty if the ad has no image. */
  readonly image_url: string;
  readonly target_url: string;
  readonly duration_seconds: number | null;
  readonly status: AdStatus;
  /** ISO 8601 in UTC. */
  readonly starts_at: string | null;
  /** Like `starts_at`, and later. */
  readonly ends_at: string | null;
}

/** An ad of the catalogue. */
export interface Ad extends AdFields {
  readonly id: string;
  /** ISO 8601 in UTC. */
  readonly created_at: string;
  /** ISO 8601 in UTC, to the microsecond: it differs between versions of the ad. */
  readonly updated_at: string;
}

/** Ids that new ads must not have: paths of the API, and names that URLs remove. */
export const RESERVED_AD_IDS: ReadonlySet<string> = new Set([
  'click',
  'impression',
  'events',
  'analytics',
  'import',
  '.',
  '..',
]);

/** Ids of new ads. Ads from SQL may have other printable characters. */
export const NEW_AD_ID = /^[A-Za-z0-9._~-]{1,128}$/;
