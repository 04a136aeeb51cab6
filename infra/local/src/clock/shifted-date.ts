/*
 * Loaded by `--import` before one of our programs. It shifts the system clock of the process by the milliseconds in the file
 * of the query (`?file=…`), and follows changes of the file. `performance.now()` and timers are unchanged, as when the clock
 * of a host is set.
 */
import { readFileSync } from 'node:fs';

const LOOK_EVERY_MS = 50;

const file = new URL(import.meta.url).searchParams.get('file') ?? '';
const realNow = Date.now;
let shift = 0;

function look(): void {
  const read = Number(readFileSync(file, 'utf8') || Number.NaN);
  // The file may be incomplete while it is being written.
  if (!Number.isNaN(read)) shift = read;
}

look();
setInterval(look, LOOK_EVERY_MS).unref();

Date.now = () => realNow() + shift;
globalThis.Date = new Proxy(Date, {
  construct: (date, args, target) => Reflect.construct(date, args.length === 0 ? [date.now()] : args, target),
  apply: (date) => new date(date.now()).toString(),
});
