import { randomUUID } from 'node:crypto';
import { ENDPOINT_KINDS, type EndpointKind, uuidv7 } from '@ads/models';
import type { Report } from '../journal.js';
import type { Random } from '../random.js';

const OTHER_KINDS = ENDPOINT_KINDS.filter((kind) => kind !== 'click');

/** The kinds to choose from: three of four reports are clicks. */
export function randomKind(random: Random): EndpointKind {
  return random.chance(0.75) ? 'click' : random.pick(OTHER_KINDS);
}

/** A report of a player whose clock is right. The report has a new id. */
export function regularReport(random: Random, adIds: readonly string[]): Report {
  return {
    kind: randomKind(random),
    // Some players send UUIDv4. UUIDv7 and UUIDv4 are stored in different partitions.
    id: random.chance(0.3) ? randomUUID() : uuidv7(Date.now()),
    adId: random.pick(adIds),
  };
}
