import { ownText, type RejectedEvent, type RejectedOutcome } from '@ads/contract';

/** A rejection without its time. The texts may come from a client, and have any length. */
export interface Rejection {
  readonly outcome: RejectedOutcome;
  readonly path: string | null;
  readonly error: string;
  readonly message: string;
  readonly adId: string | undefined;
  /** Returns the client key of the sender. */
  readonly client: () => string;
}

/** Rejections in memory. Equal ones are counted together. */
export interface RejectedList {
  /** Takes less than a microsecond if an equal rejection is listed, or if this second had its {@link NEW_PER_SECOND}. */
  note(rejection: Rejection): void;
  /** The rejections of the last hour, in any order. */
  read(): ListedRejection[];
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

/** A rejection of the list. */
export interface ListedRejection extends RejectedEvent {
  /** Tells the clients of one list apart, by which room is shared. It says nothing else about the client. */
  readonly client: number;
}

interface Row extends Omit<ListedRejection, 'client' | 'count' | 'first_at' | 'last_at'> {
  readonly name: string;
  /** The key of the client that sent it first. */
  readonly client: string;
  count: number;
  /** Milliseconds since the epoch. */
  readonly firstAt: number;
  lastAt: number;
}

interface Reason {
  readonly rows: Map<string, Row>;
  /** The second of the last new row, and the new rows in it. */
  second: number;
  added: Row[];
}

/**
 * A list with bounded memory and time. Room is shared by reason, and within a reason by client: a row of the client with the most
 * rows is dropped, its least frequent one, and the oldest of equally frequent ones. So a wrong tag that repeats often stays, and a
 * client that sends ever new ids takes room from itself only.
 *
 * @param now milliseconds since the epoch
 */
export function createRejectedList(now: () => number): RejectedList {
  const reasons = new Map<string, Reason>();
  let size = 0;
  let notListed = 0;

  function drop(reason: Reason, { name }: Row): void {
    if (reason.rows.delete(name)) size -= 1;
  }

  function dropOld(): void {
    const oldest = now() - LISTED_MS;
    for (const reason of reasons.values()) {
      for (const row of reason.rows.values()) if (row.lastAt < oldest) drop(reason, row);
    }
  }

  function makeRoom(reason: Reason): void {
    if (size < MOST_LISTED && reason.rows.size < MOST_PER_REASON) return;
    dropOld();
    if (reason.rows.size >= MOST_PER_REASON) dropOne(reason);
    if (size >= MOST_LISTED) {
      const { reason: largest } = largestOf(
        Array.from(reasons.values(), (one) => ({ reason: one, size: one.rows.size })),
      );
      dropOne(largest);
    }
  }

  /** Drops a row of the client that has the most rows. */
  function dropOne(reason: Reason): void {
    dropUnlisted(reason, leastOf(largestOf(byClient(reason.rows.values())).rows));
  }

  function dropUnlisted(reason: Reason, row: Row): void {
    if (reason.rows.get(row.name) === row) notListed += row.count;
    drop(reason, row);
  }

  /** True if a new row of the client is within the limit of this second, or takes the place of one of a client with two more. */
  function mayAdd(reason: Reason, client: string, time: number): boolean {
    const second = Math.floor(time / 1_000);
    if (second !== reason.second) {
      reason.second = second;
      reason.added = [];
    }
    if (reason.added.length < NEW_PER_SECOND) return true;
    const largest = largestOf(byClient(reason.added));
    const own = reason.added.filter((row) => row.client === client).length;
    if (largest.size < own + 2) return false;
    const least = leastOf(largest.rows);
    reason.added = reason.added.filter((row) => row !== least);
    dropUnlisted(reason, least);
    return true;
  }

  return {
    note(rejection) {
      const { outcome, path, error } = rejection;
      const reasonName = `${path} ${error}`;
      let reason = reasons.get(reasonName);
      if (reason === undefined) {
        reason = { rows: new Map(), second: 0, added: [] };
        reasons.set(reasonName, reason);
      }
      const message = rejection.message.slice(0, LONGEST_MESSAGE);
      const adId = rejection.adId?.slice(0, LONGEST_AD_ID) ?? '';
      const name = `${message}\n${adId}`;
      const known = reason.rows.get(name);
      const time = now();
      if (known !== undefined) {
        known.count += 1;
        known.lastAt = time;
        return;
      }
      const client = rejection.client();
      if (!mayAdd(reason, client, time)) {
        notListed += 1;
        return;
      }
      makeRoom(reason);
      const row: Row = {
        ...{ name: ownText(name), client: ownText(client), outcome, path, error, message: printable(message) },
        ad_id: adId === '' ? null : printable(adId),
        ...{ count: 1, firstAt: time, lastAt: time },
      };
      reason.added.push(row);
      reason.rows.set(row.name, row);
      size += 1;
    },
    read() {
      dropOld();
      const clients = new Map<string, number>();
      const numberOf = (client: string): number => {
        const number = clients.get(client) ?? clients.size;
        clients.set(client, number);
        return number;
      };
      return [...reasons.values()].flatMap(({ rows }) =>
        Array.from(rows.values(), ({ name: _, client, firstAt, lastAt, ...row }) => ({
          ...row,
          client: numberOf(client),
          first_at: new Date(firstAt).toISOString(),
          last_at: new Date(lastAt).toISOString(),
        })),
      );
    },
    notListed: () => notListed,
  };
}

function byClient(rows: Iterable<Row>): { readonly size: number; readonly rows: readonly Row[] }[] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.client);
    if (group === undefined) groups.set(row.client, [row]);
    else group.push(row);
  }
  return Array.from(groups.values(), (group) => ({ size: group.length, rows: group }));
}

function leastOf([first, ...others]: readonly Row[]): Row {
  if (first === undefined) throw new Error('There is no row.');
  return others.reduce((least, row) => (row.count < least.count ? row : least), first);
}

function largestOf<Group extends { readonly size: number }>([first, ...others]: readonly Group[]): Group {
  if (first === undefined) throw new Error('There is no group.');
  return others.reduce((largest, one) => (one.size > largest.size ? one : largest), first);
}

/** A copy without control characters, invisible ones, those that change the direction of text, and halves of a character. */
function printable(text: string): string {
  return ownText(text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\uFFFD'));
}
