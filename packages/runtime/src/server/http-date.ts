let latest = { second: 0, text: new Date(0).toUTCString() };

/** Formats a time for the header `Date`. Caches the text of the latest second. @param time milliseconds since the epoch */
export function httpDate(time: number): string {
  const second = Math.floor(time / 1_000);
  if (second !== latest.second) latest = { second, text: new Date(time).toUTCString() };
  return latest.text;
}
