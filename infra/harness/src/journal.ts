import type { EventKind } from '@ads/models';

/** An event that a player sends. */
export interface Report {
  readonly kind: EventKind;
  readonly adId: string;
  /** Made by the player; without it the service makes an id for each attempt. */
  readonly id?: string;
  /** By the player's clock, in milliseconds. */
  readonly claimedAt?: number;
}

export interface Acknowledged {
  readonly adId: string;
  /** In milliseconds; undefined where any of several attempts may be the recorded one. */
  readonly occurredAt?: number | undefined;
}

/**
 * How often each outcome of a request came: a status, or how the connection ended; for a question that was not answered
 * with 200, `analytics` and then that.
 */
export type Outcomes = ReadonlyMap<string, number>;

/** The sent and the acknowledged events: the side of the players in the comparison with the ledger. */
export class Journal {
  readonly acknowledged = new Map<string, Acknowledged>();
  /** Answers that break the contract, one sentence each. */
  readonly complaints: string[] = [];
  /** Attempts, retries included. */
  sent = 0;
  /** Answers that asked the player to retry. */
  rejected = 0;
  /** Attempts without an id that were not acknowledged: each may have been stored under an unknown id. */
  untraceable = 0;
  /** The ads that each id was sent for: one, but for a hostile client. */
  readonly #ads = new Map<string, Set<string>>();
  /** Ids of requests whose answer cannot tell whether the event was stored. */
  readonly #uncertain = new Set<string>();
  readonly #most = new Map<string, number>();
  #outcomes = new Map<string, number>();

  /** Enters an attempt, before it is sent. */
  begin({ kind, adId, id }: Report): void {
    this.sent += 1;
    if (id !== undefined) {
      const key = eventKey(kind, id);
      if (this.#ads.has(key)) return;
      this.#addAd(key, adId);
    }
    const most = `${kind} ${adId}`;
    this.#most.set(most, (this.#most.get(most) ?? 0) + 1);
  }

  /** Enters an answer with 202. */
  acknowledge(report: Report, answer: { readonly id: string; readonly occurredAt?: number }): void {
    const { kind, adId, id, claimedAt } = report;
    const key = eventKey(kind, answer.id);
    if (id !== undefined && answer.id !== id) this.complaints.push(`${key} was answered with the id ${answer.id}`);
    if (id === undefined && this.acknowledged.has(key)) this.complaints.push(`${key} was given to two events`);
    const certain = id === undefined || claimedAt === answer.occurredAt;
    this.#addAd(key, adId);
    this.acknowledged.set(key, { adId, occurredAt: certain ? answer.occurredAt : undefined });
  }

  /** Enters an attempt that was not answered with 202. */
  fail({ id }: Report): void {
    if (id === undefined) this.untraceable += 1;
  }

  /** Enters an id that may or may not be stored. */
  doubt(id: string): void {
    this.#uncertain.add(id);
  }

  mayBeStored(id: string): boolean {
    return this.#uncertain.has(id);
  }

  /**
   * Enters rows that were deleted from the ledger on purpose. They may come back: messages that were recorded and not yet
   * acknowledged are recorded again.
   */
  delete(keys: Iterable<string>): void {
    for (const key of keys) this.acknowledged.delete(key);
  }

  /** The ads that an id was sent for, acknowledged or not; empty for an id that no player knows. */
  adsOf(key: string): ReadonlySet<string> {
    return this.#ads.get(key) ?? NONE;
  }

  /** An upper bound for the events of an ad. */
  most(kind: EventKind, adId: string): number {
    return this.#most.get(`${kind} ${adId}`) ?? 0;
  }

  tally(outcome: string): void {
    this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + 1);
  }

  /** The outcomes since the last call. */
  takeOutcomes(): Outcomes {
    const taken = this.#outcomes;
    this.#outcomes = new Map();
    return taken;
  }

  #addAd(key: string, adId: string): void {
    const ads = this.#ads.get(key) ?? new Set();
    this.#ads.set(key, ads.add(adId));
  }
}

const NONE: ReadonlySet<string> = new Set();

/** The identity of an event: a player may use one id for an impression and for the click that follows. */
export function eventKey(kind: EventKind, id: string): string {
  return `${kind} ${id}`;
}
