import type { Interval } from '@ads/models';

/** The browser's locale. */
const LOCALE = undefined;

/** The time zone of the browser, such as Europe/Berlin. */
export const BROWSER_ZONE = new Intl.DateTimeFormat().resolvedOptions().timeZone;

const SHAPES = {
  second: { hour: '2-digit', minute: '2-digit', second: '2-digit' },
  minute: { hour: '2-digit', minute: '2-digit' },
  date: { day: 'numeric', month: 'short' },
  day: { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' },
  month: { month: 'long', year: 'numeric' },
  moment: { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' },
} as const satisfies Readonly<Record<string, Intl.DateTimeFormatOptions>>;

export type TimeShape = keyof typeof SHAPES;

const formats = new Map<string, Intl.DateTimeFormat>();

/** @param time milliseconds since the epoch @param zone IANA time zone */
export function formatTime(time: number, shape: TimeShape, zone: string): string {
  const name = `${shape} ${zone}`;
  let format = formats.get(name);
  if (format === undefined) {
    format = new Intl.DateTimeFormat(LOCALE, { ...SHAPES[shape], timeZone: zone });
    formats.set(name, format);
  }
  return format.format(time);
}

/** How the start of an interval is written. */
export const SHAPE_OF_INTERVAL: Readonly<Record<Interval, TimeShape>> = {
  minute: 'moment',
  quarter_hour: 'moment',
  hour: 'moment',
  day: 'day',
  week: 'day',
  month: 'month',
  total: 'moment',
};

/** The date of a time in a zone: 2026-11-01. @param time milliseconds since the epoch */
export function dateIn(time: number, zone: string): string {
  // The locale of Sweden writes dates as ISO 8601 does.
  return new Intl.DateTimeFormat('sv-SE', { timeZone: zone }).format(time);
}

/** True if the browser knows the zone. */
export function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat(LOCALE, { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** A zone for people: Europe/Berlin (GMT+1). */
export function zoneName(zone: string, time = Date.now()): string {
  const parts = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'shortOffset' }).formatToParts(time);
  const offset = parts.find(({ type }) => type === 'timeZoneName')?.value;
  const name = zone.replaceAll('_', ' ');
  return offset === undefined || offset === zone ? name : `${name} (${offset})`;
}
