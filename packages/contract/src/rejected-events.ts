/**
 * The fate of a request or event with a problem:
 * - `rejected`: it was answered with an error, and nothing is stored
 * - `not_counted`: the event is stored, and invalid because of its tag
 * - `no_ad`: `/vast` answered with a document without an ad
 */
export const REJECTED_OUTCOMES = ['rejected', 'not_counted', 'no_ad'] as const;
export type RejectedOutcome = (typeof REJECTED_OUTCOMES)[number];

/** Equal rejections of the last hour. */
export interface RejectedEvent {
  readonly outcome: RejectedOutcome;
  /** Such as `/t/{event}`; null if it is not known. */
  readonly path: string | null;
  /** The code of the error, or the verdict. */
  readonly error: string;
  readonly message: string;
  /** As the request has it, cut and without control characters; null if it has none. */
  readonly ad_id: string | null;
  readonly count: number;
  /** ISO 8601 in UTC. */
  readonly first_at: string;
  readonly last_at: string;
}

/** `GET /api/v1/ads/events/rejected` */
export interface RejectedEvents {
  readonly rejected: readonly RejectedEvent[];
  readonly not_listed: number | null;
  readonly complete: boolean;
}
