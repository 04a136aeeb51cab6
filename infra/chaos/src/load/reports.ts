import { randomUUID } from 'node:crypto';
import { type Random, type Report, randomKind, TAGS, tagReport } from '@ads/harness';
import { uuidv7 } from '@ads/models';

const SECOND = 1_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** A report as real players send them: most are regular, some have wrong clocks, some are old. */
export function newReport(random: Random, adIds: readonly string[], now: number): Report {
  // The first ads get most events, as busy campaigns do.
  const ad = adIds[Math.floor(adIds.length * random.next() ** 2)] as string;
  const kind = randomKind(random);
  // The VAST of some sessions was fetched hours ago.
  if (random.chance(TAGS)) {
    const startedAt = now - (random.chance(0.1) ? random.integer(0, DAY) : 0);
    return tagReport(random, { kind, adId: ad, startedAt, links: 0.5 });
  }
  const claimedAt = claimedTime(random, now);
  return {
    kind,
    adId: ad,
    // Not every player generates UUIDv7. Those that do use their own clock, and ids more than a day ahead are refused.
    ...(random.chance(0.5)
      ? { id: random.chance(0.3) ? randomUUID() : uuidv7(Math.min(claimedAt ?? now, now + 23 * HOUR)) }
      : {}),
    ...(claimedAt === undefined ? {} : { claimedAt }),
  };
}

function claimedTime(random: Random, now: number): number | undefined {
  const kind = random.next();
  if (kind < 0.6) return undefined;
  if (kind < 0.85) return now - random.integer(0, 3 * SECOND);
  // Ahead, and still trusted.
  if (kind < 0.9) return now + random.integer(5 * SECOND, 200 * SECOND);
  // Too far ahead to be trusted.
  if (kind < 0.92) return now + random.integer(3 * HOUR, 3 * DAY);
  // Was offline for a while.
  if (kind < 0.98) return now - random.integer(10 * SECOND, 20 * HOUR);
  return now - random.integer(DAY, 40 * DAY);
}
