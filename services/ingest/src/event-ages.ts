import type { Receipt } from '@ads/models';
import type { EventAgeConfig, EventRetentionConfig } from '@ads/runtime';

const DAY_MS = 86_400_000;

/**
 * How old the timestamps and ids of events may be. A removed event is no longer known by its id, so neither its timestamp nor its
 * id may be older than events are kept.
 */
export function eventAges(config: EventAgeConfig & EventRetentionConfig): Pick<Receipt, 'maxAge' | 'maxIdAge'> {
  const kept = config.EVENT_RETENTION_DAYS ?? Number.POSITIVE_INFINITY;
  return { maxAge: (config.MAX_EVENT_AGE_DAYS ?? kept) * DAY_MS, maxIdAge: kept * DAY_MS };
}
