import type { EventKind } from './kinds.js';
import type { EventLabels } from './labels.js';
import type { IngestVerdict } from './verdicts.js';

/** A validated event on its way from ingest to the ledger. Times are milliseconds since the Unix epoch. */
export interface AdEvent {
  readonly kind: EventKind;
  /** UUID in lower case. Each pair of `kind` and `id` counts exactly once. */
  readonly id: string;
  readonly adId: string;
  /** IPv4 or IPv6 address without a zone. */
  readonly ip: string;
  /** Time of the event by the player's clock, or of its receipt if that clock is too far ahead. */
  readonly occurredAt: number;
  /** Time of receipt, by the clock of NATS or Postgres. */
  readonly receivedAt: number;
  /** Time by the player's clock, if it was too far ahead to be trusted. */
  readonly claimedAt?: number;
  /** Video watched before the click, in whole milliseconds. */
  readonly playTimeMs?: number;
  /** Absent if the event has no labels. */
  readonly labels?: EventLabels;
  /** Absent if ingest has no objection. The transaction that records a click may still find it invalid. */
  readonly verdict?: IngestVerdict;
  /**
   * Hash of the viewer, a 64-bit integer in decimal digits: a number of JavaScript is not exact, and neither JSON nor the driver
   * of Postgres takes a bigint. Absent if the viewer is not known.
   */
  readonly viewer?: string;
}

/** An event under construction. */
export type WritableEvent = { -readonly [Field in keyof AdEvent]: AdEvent[Field] };

/**
 * Printable ASCII without spaces and braces. Braces are excluded because the ad id is the hash tag of its Redis keys, and
 * control characters because Postgres refuses some of them.
 */
export const AD_ID = /^[!-z|~]{1,128}$/;
export const LONGEST_AD_ID = 128;
/** {@link AD_ID} as a joi message. */
export const AD_ID_RULE = `{#label} must be 1 to ${LONGEST_AD_ID} printable ASCII characters without spaces and braces`;

/** Maximum `video_play_time` in seconds: a day. */
export const MAX_PLAY_TIME = 86_400;

/** True for a valid `video_play_time`, which may have any number of decimals. */
export function isPlayTime(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= MAX_PLAY_TIME;
}

/** Converts a valid `video_play_time` to whole milliseconds, rounded to the nearest; never -0. */
export function playTimeMs(seconds: number): number {
  return Math.round(seconds * 1_000) + 0;
}

/** Maximum length of a `user_agent`. Those of browsers in apps have up to 600 characters. */
export const LONGEST_USER_AGENT = 1_024;

/** True for a valid `user_agent`, which may be empty. */
export function isUserAgent(value: unknown): value is string {
  return typeof value === 'string' && value.length <= LONGEST_USER_AGENT;
}

/** Error codes of players (VAST 4.3, section 2.3.6.3) have three digits. */
export const LEAST_ERROR_CODE = 100;
export const GREATEST_ERROR_CODE = 999;

/** True for a valid `error_code`. */
export function isErrorCode(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= LEAST_ERROR_CODE && Number(value) <= GREATEST_ERROR_CODE;
}
