import { randomUUID } from 'node:crypto';
import { type EventKind, KINDS, uuidv7 } from '@ads/models';
import type { Report } from '../journal.js';
import type { Random } from '../random.js';

const OTHER_KINDS = KINDS.filter((kind) => kind !== 'click');

/** Three clicks for each event of another kind. */
export function randomKind(random: Random): EventKind {
  return random.chance(0.75) ? 'click' : random.pick(OTHER_KINDS);
}

/** A report of a player with a right clock and an id of its own. */
export function regularReport(random: Random, adIds: readonly string[]): Report {
  return {
    kind: randomKind(random),
    // Not every player generates UUIDv7, and the two versions are stored in different partitions.
    id: random.chance(0.3) ? randomUUID() : uuidv7(Date.now()),
    adId: random.pick(adIds),
  };
}
