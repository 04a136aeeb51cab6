import type { EventKind } from '@ads/models';

/** Something that a player reports. */
export interface Report {
  readonly kind: EventKind;
  readonly adId: string;
  /** Of the player's own making; without it the service makes one at each attempt. */
  readonly id?: string;
  /** By the player's clock, in milliseconds. */
  readonly claimedAt?: number;
}

/** A report that was answered with 202. */
export interface Acknowledged {
  readonly adId: string;
  /** In milliseconds; undefined where several attempts leave open which of them is the one that was recorded. */
  readonly occurredAt: number | undefined;
}

/**
 * How requests were answered, from some moment on: a status, or how the connection ended; `analytics` before that of a
 * question that was not answered with 200.
 */
export type Outcomes = ReadonlyMap<string, number>;

/** What was sent, and what was promised for it: the other side of the comparison with the ledger. */
export class Journal {
  /** By {@link eventKey}. */
  readonly acknowledged = new Map<string, Acknowledged>();
  /** Answers that must not be, in words. */
  readonly complaints: string[] = [];
  /** Attempts, retries included. */
  sent = 0;
  /** Answers that told the player to come again. */
  rejected = 0;
  /** Attempts without an id that were not acknowledged: each may have become an event that nobody knows. */
  strangers = 0;
  /** Events that were acknowledged, and then deleted from the ledger on purpose. */
  readonly #deleted = new Map<string, string>();
  /** What each id of a player's own was sent for. */
  readonly #ownIds = new Map<string, string>();
  readonly #most = new Map<string, number>();
  #outcomes = new Map<string, number>();

  /** An attempt begins. */
  begin({ kind, adId, id }: Report): void {
    this.sent += 1;
    if (id !== undefined) {
      const key = eventKey(kind, id);
      if (this.#ownIds.has(key)) return;
      this.#ownIds.set(key, adId);
    }
    const most = `${kind} ${adId}`;
    this.#most.set(most, (this.#most.get(most) ?? 0) + 1);
  }

  /** An attempt was answered with 202. */
  acknowledge(report: Report, answer: { readonly id: string; readonly occurredAt: number }): void {
    const { kind, adId, id, claimedAt } = report;
    const key = eventKey(kind, answer.id);
    if (id !== undefined && answer.id !== id) this.complaints.push(`${key} was answered with the id ${answer.id}`);
    if (id === undefined && this.acknowledged.has(key)) this.complaints.push(`${key} was given out twice`);
    const certain = id === undefined || claimedAt === answer.occurredAt;
    this.acknowledged.set(key, { adId, occurredAt: certain ? answer.occurredAt : undefined });
  }

  /** An attempt was not answered with 202. */
  fail({ id }: Report): void {
    if (id === undefined) this.strangers += 1;
  }

  /**
   * These rows were deleted from the ledger on purpose: nobody may miss them. They may come back, as messages that were
   * recorded and not yet acknowledged do.
   */
  delete(keys: Iterable<string>): void {
    for (const key of keys) {
      const adId = this.adOf(key);
      if (adId !== undefined) this.#deleted.set(key, adId);
      this.acknowledged.delete(key);
    }
  }

  /** The ad that an id was sent for, acknowledged or not; undefined for an id that no player made or was told. */
  adOf(key: string): string | undefined {
    return this.#ownIds.get(key) ?? this.acknowledged.get(key)?.adId ?? this.#deleted.get(key);
  }

  /** More events of this ad than this there can't be. */
  most(kind: EventKind, adId: string): number {
    return this.#most.get(`${kind} ${adId}`) ?? 0;
  }

  tally(outcome: string): void {
    this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + 1);
  }

  /** Begins to count outcomes anew. @returns those since the time before */
  takeOutcomes(): Outcomes {
    const page = this.#outcomes;
    this.#outcomes = new Map();
    return page;
  }
}

/** Tells events apart: a player may use one id for an impression and for the click that followed. */
export function eventKey(kind: EventKind, id: string): string {
  return `${kind} ${id}`;
}
