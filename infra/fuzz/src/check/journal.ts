import type { EventKind } from '@ads/models';
import type { FuzzRequest } from '../generate/request.js';
import type { Outcome } from '../send/outcome.js';

/** What was answered with 202, and what may be stored beside that. */
export class Journal {
  /** By {@link eventKey}: the ads that it was acknowledged for. One id may have been sent for several; the first counts. */
  readonly acknowledged = new Map<string, Set<string>>();
  /** Ids of events whose answer could not arrive. */
  readonly #uncertain = new Set<string>();

  /** Enters how a request ended. */
  enter(request: FuzzRequest, { answers }: Outcome): void {
    if (request.form === 'raw' && answers.length === 0) for (const id of request.mayStore) this.#uncertain.add(id);
    for (const { status, body } of answers) if (status === 202) this.#acknowledge(body.toString());
  }

  mayBeStored(id: string): boolean {
    return this.#uncertain.has(id);
  }

  #acknowledge(text: string): void {
    const answer = JSON.parse(text) as { ad_id: string; click_id?: string; impression_id?: string };
    const { click_id: clickId, impression_id: impressionId } = answer;
    const key = clickId === undefined ? eventKey('impression', impressionId ?? '') : eventKey('click', clickId);
    const ads = this.acknowledged.get(key) ?? new Set();
    this.acknowledged.set(key, ads.add(answer.ad_id));
  }
}

/** Tells events apart: a click and an impression may have the same id. */
export function eventKey(kind: EventKind, id: string): string {
  return `${kind} ${id}`;
}
