import type { Position } from './cursor.js';

/** The states of an ad. Events count in every state; a paused or archived ad is no longer served. */
export const AD_STATUSES = ['active', 'paused', 'archived'] as const;
export type AdStatus = (typeof AD_STATUSES)[number];

/** redirect: a click opens our URL, which redirects to the target. tracking: it opens the target itself, and a pixel counts it. */
export const CLICK_MODES = ['redirect', 'tracking'] as const;
export type ClickMode = (typeof CLICK_MODES)[number];

export const MEDIA_DELIVERIES = ['progressive', 'streaming'] as const;

/** A file of the video of an ad. */
export interface MediaFile {
  readonly url: string;
  /** MIME type. */
  readonly type: string;
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** kbit/s */
  readonly bitrate?: number;
  readonly delivery: (typeof MEDIA_DELIVERIES)[number];
}

/** An image that is shown beside the video. */
export interface Companion {
  readonly image_url: string;
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** URL that a click on the image opens; null if it opens none. */
  readonly target_url: string | null;
  readonly alt_text: string | null;
}

/** The fields of an ad that clients set. */
export interface AdFields {
  readonly title: string | null;
  readonly advertiser: string | null;
  readonly campaign: string | null;
  /** Empty if the ad has no image. */
  readonly image_url: string;
  /** May have macros: see `target-macros.ts`. */
  readonly target_url: string;
  readonly click_mode: ClickMode;
  /** Not null if there are media files. */
  readonly duration_seconds: number | null;
  /** The time from which a viewer may skip the ad, as in VAST: `HH:MM:SS`, `HH:MM:SS.mmm` or `n%` of its length. */
  readonly skip_offset: string | null;
  readonly media: readonly MediaFile[];
  /** The VAST tag of another server, which this ad wraps. It may have macros of VAST. */
  readonly vast_url: string | null;
  readonly companion: Companion | null;
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

/** The fields of an ad that a share opens: what its page shows. Where the ad leads and what it plays is its owner's. */
export const SHARED_AD_FIELDS = [
  'id',
  'title',
  'advertiser',
  'campaign',
  'status',
  'starts_at',
  'ends_at',
  'created_at',
] as const satisfies readonly (keyof Ad)[];

/** An ad as a share opens it. */
export type SharedAd = Pick<Ad, (typeof SHARED_AD_FIELDS)[number]>;

/** The {@link SHARED_AD_FIELDS} of an ad. */
export function sharedAd(ad: Ad): SharedAd {
  return Object.fromEntries(SHARED_AD_FIELDS.map((name) => [name, ad[name]])) as unknown as SharedAd;
}

/** The conditions that the ads of a list satisfy. */
export interface AdsFilter {
  readonly campaign?: string;
  readonly advertiser?: string;
  readonly status?: AdStatus;
  /** A text within the id or the title, in any case. */
  readonly q?: string;
}

/** Orders of the list of ads: by creation time. */
export const ADS_SORTS = ['oldest', 'newest'] as const;
export type AdsSort = (typeof ADS_SORTS)[number];

/** A request for a page of the list of ads. */
export interface AdsPageQuery extends AdsFilter {
  /** Ads per page. */
  readonly limit: number;
  /** Default: oldest. */
  readonly sort?: AdsSort;
  /** The end of the previous page: a creation time in microseconds since the epoch, and an ad id. Undefined for the first page. */
  readonly after: Position | undefined;
}

/** Ids that new ads must not have: paths of the API, and `.` and `..`, which parsers of URLs remove. */
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
