import type { Ad, Detail } from '@ads/models';

/* The answers about ads. `packages/contract/src/ad-responses.ts` describes each field. */

/** `GET /ads` */
export interface AdsPage {
  readonly ads: readonly Ad[];
  readonly next_cursor: string | null;
}

/** `GET /ads/{ad_id}/tags` */
export interface AdTags {
  readonly vast_url: string;
  readonly impression_pixel: string;
  readonly click_url: string;
  readonly click_link: string;
  readonly ping_link: string | null;
  readonly player_script: string;
  readonly curl: string;
  readonly video_js: string;
}

/** A change in a history. */
export interface AdChange {
  readonly changed_at: string;
  readonly changed_by: string;
  readonly action: 'created' | 'changed' | 'archived';
  readonly old: Readonly<Record<string, unknown>> | null;
  readonly new: Readonly<Record<string, unknown>>;
}

/** `GET /ads/{ad_id}/history` */
export interface AdHistory {
  readonly changes: readonly AdChange[];
  readonly next_cursor: string | null;
}

/** The result of a line of an import. */
export interface ImportResult {
  readonly line: number;
  readonly status: 'created' | 'valid' | 'rejected';
  /** The id of a created ad. */
  readonly id?: string;
  /** The errors of a rejected line. */
  readonly details?: readonly Detail[];
}

/** `POST /ads/import` */
export interface ImportAnswer {
  readonly created: number;
  readonly rejected: number;
  readonly results: readonly ImportResult[];
}
