import type { EventKind } from '@ads/models';

/** An event that a player sends. */
export interface Report {
  readonly kind: EventKind;
  readonly adId: string;
  /** The id that the player generates. If undefined, ingest generates an id for each attempt. */
  readonly id?: string;
  /** The time of the player's clock, in milliseconds. */
  readonly claimedAt?: number;
  /** The tag that reports the event; undefined if it is reported as JSON. */
  readonly tag?: Tag;
  /** Each attempt names one of these viewers, chosen at random. Default: JSON names none, and tags are fetched by a browser. */
  readonly viewers?: readonly AdViewer[];
}

/** The viewer that an attempt names. */
export interface AdViewer {
  /** The address in JSON. Tags are fetched from the address of the sender. */
  readonly ip: string;
  /** Empty: the viewer has none. */
  readonly userAgent: string;
}

/** A URL that reports an event when it is fetched. The id of the report follows from it. */
export interface Tag {
  /** `redirect`: a link that a person clicks. */
  readonly answer: 'pixel' | 'redirect';
  readonly path: string;
}

export interface Acknowledged {
  readonly adId: string;
  /** The time in milliseconds; undefined if several attempts may have been recorded. */
  readonly occurredAt?: number | undefined;
}

/** The outcome of a request whose event is durable. */
export const ACCEPTED = 'accepted';
/** The outcome of a click that was answered with its target. */
export const REDIRECTED = 'redirected';

/**
 * The number of requests by outcome: {@link ACCEPTED}, {@link REDIRECTED}, another status, or the error of the connection. The
 * outcome of an analytics request that was not answered with 200 begins with `analytics`.
 */
export type Outcomes = ReadonlyMap<string, number>;

/** The events that players sent and the answers they got, to be compared with the ledger. */
export class Journal {
  readonly acknowledged = new Map<string, Acknowledged>();
  /** The clicks that were answered with a redirect. They are durable a little later, unless ingest is killed before. */
  readonly redirected = new Set<string>();
  /** The verdicts of the stored events that a check has read: they must not change. */
  readonly verdicts = new Map<string, number | null>();
  /** Answers that break the contract, one sentence each. */
  readonly complaints: string[] = [];
  /** The number of attempts, including retries. */
  sent = 0;
  /** The number of answers that requested a retry. */
  rejected = 0;
  /** The number of unacknowledged attempts without an id. Each may have been stored with an unknown id. */
  untraceable = 0;
  /** The ads that each id was sent for. Only hostile clients send one id for several ads. */
  readonly #ads = new Map<string, Set<string>>();
  /** The ids of requests whose answer does not show whether the event was stored. */
  readonly #uncertain = new Set<string>();
  readonly #upperBounds = new Map<string, number>();
  #outcomes = new Map<string, number>();

  /** Records an attempt. Call it before the request is sent. */
  begin({ kind, adId, id }: Report): void {
    this.sent += 1;
    if (id !== undefined) {
      const key = eventKey(kind, id);
      if (this.#ads.has(key)) return;
      this.#addAd(key, adId);
    }
    const name = `${kind} ${adId}`;
    this.#upperBounds.set(name, (this.#upperBounds.get(name) ?? 0) + 1);
  }

  /** Adds an answer with 202. */
  acknowledge(report: Report, answer: { readonly id: string; readonly occurredAt?: number }): void {
    const { kind, adId, id, claimedAt } = report;
    const key = eventKey(kind, answer.id);
    if (id !== undefined && answer.id !== id)
      this.complaints.push(`${key} was acknowledged with another id: ${answer.id}`);
    if (id === undefined && this.acknowledged.has(key)) this.complaints.push(`ingest generated the id ${key} twice`);
    const certain = id === undefined || claimedAt === answer.occurredAt;
    this.#addAd(key, adId);
    this.acknowledged.set(key, { adId, occurredAt: certain ? answer.occurredAt : undefined });
  }

  /** Adds an answer with 302. */
  redirect({ kind, id }: Report): void {
    if (id !== undefined) this.redirected.add(eventKey(kind, id));
  }

  /** Adds an attempt that was not answered with 202. */
  fail({ id }: Report): void {
    if (id === undefined) this.untraceable += 1;
  }

  /** Adds an id that may or may not be stored. */
  doubt(id: string): void {
    this.#uncertain.add(id);
  }

  mayBeStored(id: string): boolean {
    return this.#uncertain.has(id);
  }

  /**
   * Records rows that a fault deleted from the ledger. They may reappear, because messages that were recorded but not yet
   * acknowledged are recorded again.
   */
  delete(keys: Iterable<string>): void {
    for (const key of keys) {
      this.acknowledged.delete(key);
      this.redirected.delete(key);
      this.verdicts.delete(key);
    }
  }

  /** The ads that an id was sent for, acknowledged or not; empty for an id that no player sent. */
  adsOf(key: string): ReadonlySet<string> {
    return this.#ads.get(key) ?? NONE;
  }

  /** An upper bound of the number of events of an ad. */
  upperBound(kind: EventKind, adId: string): number {
    return this.#upperBounds.get(`${kind} ${adId}`) ?? 0;
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
