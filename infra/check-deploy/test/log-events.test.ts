import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { projectRoot } from '@ads/local';
import { expect, test } from '@jest/globals';

const LOG_CALL = /\b(?:logger\.(error|warn|info|debug)|write)\(/g;
const EVENT = /\b(?:event|\w+Event): '([a-z_]+\.[a-z_]+)'/g;

const sources = ['packages', 'services'].flatMap((folder) =>
  readdirSync(join(projectRoot, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => typescriptIn(join(projectRoot, folder, name, 'src'))),
);

function typescriptIn(folder: string): { readonly file: string; readonly text: string }[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file))
    .map((path) => ({ file: relative(projectRoot, path), text: readFileSync(path, 'utf8') }));
}

/** The arguments of each call that logs a line, with its level. The logger itself calls `write` with a text and a level. */
function logCalls(text: string) {
  return [...text.matchAll(LOG_CALL)].map(({ 0: call, 1: level, index }) => {
    const from = index + call.length;
    let depth = 1;
    let to = from;
    for (; depth > 0 && to < text.length; to += 1) {
      if (text[to] === '(') depth += 1;
      if (text[to] === ')') depth -= 1;
    }
    const args = text.slice(from, to - 1);
    return { args, level: level ?? /^'(error|warn|info|debug)', ['`]/.exec(args)?.[1] };
  });
}

const calls = sources.flatMap(({ file, text }) => logCalls(text).map((call) => ({ file, ...call })));
/** The files that log each event. */
const events = new Map<string, Set<string>>();
for (const { file, text } of sources) {
  for (const [, event = ''] of text.matchAll(EVENT)) events.set(event, (events.get(event) ?? new Set()).add(file));
}

const page = readFileSync(join(projectRoot, 'services', 'EVENTS.md'), 'utf8');
const rows = new Map(
  [...page.matchAll(/^\| `([a-z_.]+)` \| (\w+) \|.*\| ([^|]*) \|$/gm)].map(([, event, level, files = '']) => [
    event,
    { level, files: [...files.matchAll(/`([^`]+)`/g)].map(([, file = '']) => file) },
  ]),
);

test('every log line has an event', () => {
  const logged = calls.filter(({ level }) => level !== undefined);
  expect(logged.length).toBeGreaterThan(30);
  expect(logged.filter(({ args }) => !/\bevent: /.test(args))).toEqual([]);
});

test('services/EVENTS.md lists exactly the events that code logs', () => {
  expect([...rows.keys()].sort()).toEqual([...events.keys()].sort());
});

test('services/EVENTS.md has the level of each event', () => {
  const levels = calls.flatMap(({ args, level }) =>
    [...args.matchAll(EVENT)].map(([, event]) => [event, level] as const),
  );
  expect(levels.length).toBeGreaterThan(30);
  expect(levels.filter(([event, level]) => rows.get(event)?.level !== level)).toEqual([]);
});

test('services/EVENTS.md names the files that log each event', () => {
  const expected = [...events].map(([event, files]) => [event, [...files].sort()]);
  const named = [...rows].map(([event, { files }]) => [event, files.sort()]);
  expect(Object.fromEntries(named)).toEqual(Object.fromEntries(expected));
});
