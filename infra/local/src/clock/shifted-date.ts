/*
 * Loaded by `--import` before a program of ours: the system clock of that process is then ahead or behind by as many
 * milliseconds as the file of the query (`?file=…`) says, now and whenever it changes. `performance.now()` and timers go
 * on as they are, as they do when the clock of a host is set.
 */
import { readFileSync } from 'node:fs';

const LOOK_EVERY_MS = 50;

const file = new URL(import.meta.url).searchParams.get('file') ?? '';
const realNow = Date.now;
let shift = 0;

function look(): void {
  const read = Number(readFileSync(file, 'utf8') || Number.NaN);
  // It may be read while it is being written.
  if (!Number.isNaN(read)) shift = read;
}

look();
setInterval(look, LOOK_EVERY_MS).unref();

Date.now = () => realNow() + shift;
globalThis.Date = new Proxy(Date, {
  construct: (date, args, target) => Reflect.construct(date, args.length === 0 ? [date.now()] : args, target),
  apply: (date) => new date(date.now()).toString(),
});
