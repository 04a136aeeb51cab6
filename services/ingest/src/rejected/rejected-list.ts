import { ownText, type RejectedEvent, type RejectedOutcome } from '@ads/contract';

/** A rejection without its time. The texts may come from a client, and have any length. */
export interface Rejection {
  readonly outcome: RejectedOutcome;
  readonly path: string | null;
  readonly error: string;
  readonly message: string;
  readonly adId: string | undefined;
}

/** Rejections in memory. Equal ones are counted together. */
export interface RejectedList {
  /** Takes less than a microsecond if an equal rejection is listed, or if this second had its {@link NEW_PER_SECOND}. */
  note(rejection: Rejection): void;
  /** The rejections of the last hour, in any order. */
  read(): RejectedEvent[];
  /** Rejections since the start that could not be listed. */
  notListed(): number;
}

/** How long a rejection stays after its last repetition. */
export const LISTED_MS = 3_600_000;
export const MOST_LISTED = 200;
/** Rejections of one reason, which is a path and an error. */
export const MOST_PER_REASON = 40;
/** New rejections of one reason that are listed in a second, so that a flood of ever new ones costs no more than counting. */
export const NEW_PER_SECOND = 5;

export const LONGEST_AD_ID = 128;
export const LONGEST_MESSAGE = 300;

interface Row extends Omit<RejectedEvent, 'count' | 'first_at' | 'last_at'> {
  count: number;
  /** Milliseconds since the epoch. */
  readonly firstAt: number;
  lastAt: number;
}

interface Reason {
  readonly rows: Map<string, Row>;
  /** The second of the last new row, and the new rows in it. */
  second: number;
  added: number;
}

/**
 * A list with bounded memory and time. If a reason has no room, its least frequent rejection is dropped, the oldest of equally
 * frequent ones: a wrong tag that repeats often stays. A client that
 * sends ever new ids, each several times, can keep rare rejections off the list.
 *
 * @param now milliseconds since the epoch
 */
export function createRejectedList(now: () => number): RejectedList {
  const reasons = new Map<string, Reason>();
  let size = 0;
  let notListed = 0;

  function drop(reason: Reason, name: string): void {
    if (reason.rows.delete(name)) size -= 1;
  }

  function dropOld(): void {
    const oldest = now() - LISTED_MS;
    for (const reason of reasons.values()) {
      for (const [name, { lastAt }] of reason.rows) if (lastAt < oldest) drop(reason, name);
    }
  }

  function makeRoom(reason: Reason): void {
    if (size < MOST_LISTED && reason.rows.size < MOST_PER_REASON) return;
    dropOld();
    if (reason.rows.size >= MOST_PER_REASON) dropLeast(reason);
    if (size >= MOST_LISTED) dropLeast(largestOf(reasons.values()));
  }

  function dropLeast(reason: Reason): void {
    let least: [string, Row] | undefined;
    for (const entry of reason.rows) {
      const [, row] = entry;
      if (least === undefined || row.count < least[1].count) least = entry;
    }
    if (least === undefined) return;
    notListed += least[1].count;
    drop(reason, least[0]);
  }

  return {
    note(rejection) {
      const { outcome, path, error } = rejection;
      const reasonName = `${path} ${error}`;
      let reason = reasons.get(reasonName);
      if (reason === undefined) {
        reason = { rows: new Map(), second: 0, added: 0 };
        reasons.set(reasonName, reason);
      }
      const message = rejection.message.slice(0, LONGEST_MESSAGE);
      const adId = rejection.adId?.slice(0, LONGEST_AD_ID) ?? '';
      const name = `${message}\n${adId}`;
      const row = reason.rows.get(name);
      const time = now();
      if (row !== undefined) {
        row.count += 1;
        row.lastAt = time;
        return;
      }
      const second = Math.floor(time / 1_000);
      if (second !== reason.second) {
        reason.second = second;
        reason.added = 0;
      }
      if (reason.added >= NEW_PER_SECOND) {
        notListed += 1;
        return;
      }
      reason.added += 1;
      makeRoom(reason);
      reason.rows.set(ownText(name), {
        ...{ outcome, path, error, message: printable(message) },
        ad_id: adId === '' ? null : printable(adId),
        ...{ count: 1, firstAt: time, lastAt: time },
      });
      size += 1;
    },
    read() {
      dropOld();
      return [...reasons.values()].flatMap(({ rows }) =>
        Array.from(rows.values(), ({ firstAt, lastAt, ...row }) => ({
          ...row,
          first_at: new Date(firstAt).toISOString(),
          last_at: new Date(lastAt).toISOString(),
        })),
      );
    },
    notListed: () => notListed,
  };
}

function largestOf(reasons: Iterable<Reason>): Reason {
  const [first, ...others] = reasons;
  if (first === undefined) throw new Error('There is no reason yet.');
  return others.reduce((largest, one) => (one.rows.size > largest.rows.size ? one : largest), first);
}

/** A copy without control characters, invisible ones, those that change the direction of text, and halves of a character. */
function printable(text: string): string {
  return ownText(text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\uFFFD'));
}
