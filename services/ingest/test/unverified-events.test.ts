import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Registry } from 'prom-client';
import { createUnverifiedEvents } from '../src/unverified-events.js';

describe('events of ads that cannot be looked up', () => {
  let lines: unknown[];
  let registry: Registry;
  const open = (perMinute: number) =>
    createUnverifiedEvents(
      perMinute,
      { registry },
      { warn: (_message: string, fields: unknown) => lines.push(fields) },
    );
  const accepted = (unverified: ReturnType<typeof open>, tries: number) =>
    Array.from({ length: tries }, unverified.allow).filter(Boolean).length;

  beforeEach(() => {
    jest.useFakeTimers({ now: 0 });
    lines = [];
    registry = new Registry();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('are accepted up to the limit per minute', () => {
    const unverified = open(60);
    jest.advanceTimersByTime(3_600_000);
    expect(accepted(unverified, 1_000)).toBe(60);
    jest.advanceTimersByTime(1_000);
    expect(accepted(unverified, 1_000)).toBe(1);
    jest.advanceTimersByTime(60_000);
    expect(accepted(unverified, 1_000)).toBe(60);
  });

  it('are refused with a limit of 0', () => {
    const unverified = open(0);
    jest.advanceTimersByTime(3_600_000);
    expect([accepted(unverified, 10), unverified.retryAfter()]).toEqual([0, 60]);
  });

  it('are counted, and logged at most twice per minute', async () => {
    const unverified = open(5);
    accepted(unverified, 10_000);
    jest.advanceTimersByTime(60_000);
    expect(lines).toEqual([
      { event: 'ad_catalogue.unverified', limit_per_minute: 5 },
      { event: 'ad_catalogue.unverified_summary', accepted: 5, refused: 9_995 },
    ]);
    expect(await registry.metrics()).toContain('ingest_unverified_events_total{outcome="refused"} 9995');
  });
});
