import { randomUUID } from 'node:crypto';
import { type EventKind, KINDS, uuidv7 } from '@ads/models';
import type { Report } from '../journal.js';
import type { Random } from '../random.js';
import { tagReport } from './tags.js';

/** The probability that a report is a URL that is fetched. */
export const TAGS = 0.25;

const OTHER_KINDS = KINDS.filter((kind) => kind !== 'click' && kind !== 'impression');

/** A kind: mostly clicks, then impressions, then any other kind. */
export function randomKind(random: Random): EventKind {
  if (random.chance(0.6)) return 'click';
  return random.chance(0.5) ? 'impression' : random.pick(OTHER_KINDS);
}

/** A report of a player whose clock is right. The report has a new id. */
export function regularReport(random: Random, adIds: readonly string[]): Report {
  const [kind, adId] = [randomKind(random), random.pick(adIds)];
  if (random.chance(TAGS)) return tagReport(random, { kind, adId, startedAt: Date.now(), links: 0 });
  // Some players send UUIDv4. UUIDv7 and UUIDv4 are stored in different partitions.
  return { kind, adId, id: random.chance(0.3) ? randomUUID() : uuidv7(Date.now()) };
}
