import type { EventKind } from './kinds.js';

/** One validated report, as it travels from ingest to the ledger. Times are milliseconds since the Unix epoch. */
export interface AdEvent {
  readonly kind: EventKind;
  /** UUID in lower case. With `kind` it is what "exactly once" refers to. */
  readonly id: string;
  readonly adId: string;
  /** IPv4 or IPv6 address without a zone. */
  readonly ip: string;
  /** When it happened, by the player's clock where that is believable. */
  readonly occurredAt: number;
  /** When ingest received it, by ingest's clock. */
  readonly receivedAt: number;
  /** What the player's clock said, where it was too far ahead to be believed. */
  readonly claimedAt?: number;
  /** How much video was watched before the click, in whole milliseconds. */
  readonly playTimeMs?: number;
}

/** An event that is being put together. */
export type WritableEvent = { -readonly [Field in keyof AdEvent]: AdEvent[Field] };

/**
 * Printable ASCII without spaces and braces. Braces are left out because an ad id stands inside the
 * hash tag of its Redis keys, and control characters because Postgres refuses some of them.
 */
export const AD_ID = /^[!-z|~]{1,128}$/;
export const LONGEST_AD_ID = 128;
/** {@link AD_ID} in words, as a message of joi. */
export const AD_ID_RULE = `{#label} must be 1 to ${LONGEST_AD_ID} printable ASCII characters without spaces and braces`;

/** The most that `video_play_time` may say, in seconds: a day. */
export const MAX_PLAY_TIME = 86_400;

/** Seconds, in parts as small as a player may give them. */
export function isPlayTime(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= MAX_PLAY_TIME;
}

/** Seconds of {@link isPlayTime} in whole milliseconds, rounded to the nearest; never -0. */
export function playTimeMs(seconds: number): number {
  return Math.round(seconds * 1_000) + 0;
}
