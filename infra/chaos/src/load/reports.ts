import { randomUUID } from 'node:crypto';
import { type AdViewer, type Random, type Report, randomKind, TAGS, tagReport } from '@ads/harness';
import { uuidv7 } from '@ads/models';

const SECOND = 1_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Some are bots, some have no user agent. */
const VIEWERS: readonly AdViewer[] = Array.from({ length: 40 }, (_, index) => ({
  ip: `203.0.113.${index + 1}`,
  userAgent: userAgentOf(index),
}));

function userAgentOf(index: number): string {
  if (index % 10 === 3) return 'curl/8.5.0';
  if (index % 10 === 4) return '';
  const version = `${100 + index}.0`;
  return `Mozilla/5.0 (X11; Linux x86_64; rv:${version}) Gecko/20100101 Firefox/${version}`;
}

/** A report as real players send them: most are regular, some have wrong clocks, some are old. */
export function newReport(random: Random, adIds: readonly string[], now: number): Report {
  // The first ads get most events, as busy campaigns do.
  const ad = adIds[Math.floor(adIds.length * random.next() ** 2)] as string;
  const kind = randomKind(random);
  // The VAST of some sessions was fetched hours ago.
  if (random.chance(TAGS)) {
    const startedAt = now - (random.chance(0.1) ? random.integer(0, DAY) : 0);
    return { ...tagReport(random, { kind, adId: ad, startedAt, links: 0.5 }), viewers: randomViewers(random) };
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
    ...(random.chance(0.3) ? { viewers: randomViewers(random) } : {}),
  };
}

/** The viewer of a report. Some attempts name another one, as when a person changes the network. */
function randomViewers(random: Random): readonly AdViewer[] {
  // The first viewers send most reports, so that they click twice and too often.
  const viewer = () => VIEWERS[Math.floor(VIEWERS.length * random.next() ** 3)] as AdViewer;
  return random.chance(0.2) ? [viewer(), viewer()] : [viewer()];
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
