import { Writable } from 'node:stream';
import { expect, test } from '@jest/globals';
import { openTerminal, type Terminal } from '../terminal.mjs';

/** A stream that remembers what was written. `screen` is what a terminal would show. */
function fakeStream(settings: { isTTY?: boolean; columns?: number; hasColors?: () => boolean }) {
  const parts: string[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write(part: string, _encoding, done) {
      parts.push(part);
      done();
    },
  });
  Object.assign(stream, settings);
  const screen = () => {
    let lines = [''];
    for (const piece of parts.join('').split('\x1b[')) {
      const up = /^(\d+)A/.exec(piece);
      if (up) lines = [...lines.slice(0, -1 - Number(up[1])), ''];
      const [first = '', ...rest] = piece.replace(/^(?:\d+A|J)/, '').split('\n');
      lines.push(`${lines.pop()}${first}`, ...rest);
    }
    return lines.slice(0, -1);
  };
  return { stream: stream as unknown as NodeJS.WriteStream, parts, screen };
}

function runSteps(terminal: Terminal): void {
  const one = terminal.begin('install');
  const other = terminal.begin('a label that is longer than a narrow terminal is wide');
  one.note('3 of 9 packages');
  terminal.print('a warning');
  one.end(true);
  one.end(true);
  other.end(false);
}

test('without a terminal, and in CI, each step is one line at its end', () => {
  for (const [settings, environment] of [
    [{}, {}],
    [{ isTTY: true }, { CI: 'true' }],
    [{ isTTY: true }, { TERM: 'dumb' }],
  ] as const) {
    const { stream, parts } = fakeStream(settings);
    const terminal = openTerminal(stream, { environment });
    runSteps(terminal);
    terminal.status('3 events/s');
    expect(parts).toEqual([
      'a warning\n',
      expect.stringMatching(/^✔ install {29} {3}0\.\d s {2}3 of 9 packages\n$/),
      expect.stringMatching(/^✖ a label that is longer .* {3}0\.\d s\n$/),
    ]);
  }
});

test('a terminal shows running steps and the status below everything else, cut to its width', () => {
  const { stream, screen } = fakeStream({ isTTY: true, columns: 40 });
  const terminal = openTerminal(stream, { environment: {} });
  terminal.status('3 events/s');
  const running = terminal.begin('a label that is longer than a narrow terminal is wide');
  stream.write('an error of another module\n');
  stream.write('half a line');
  const below = [expect.stringMatching(/^⠋ a label that is longer than a narrow…$/), '3 events/s'];
  expect(screen()).toEqual(['an error of another module', 'half a line', ...below]);
  running.end(true);
  terminal.status(undefined);
  stream.write('after the end\n');
  expect(screen()).toEqual([
    'an error of another module',
    'half a line',
    expect.stringMatching(/^✔ a label that is longer than a narrow terminal is wide {3}0\.\d s$/),
    'after the end',
  ]);
});

test('lines of steps that succeed disappear where results follow', () => {
  const { stream, screen } = fakeStream({ isTTY: true, columns: 80 });
  runSteps(openTerminal(stream, { environment: {}, keepSteps: false }));
  expect(screen()).toEqual(['a warning', expect.stringMatching(/^✖ a label/)]);
});

test('colours are used only if the stream has them', () => {
  for (const has of [true, false]) {
    const { stream, parts } = fakeStream({ isTTY: true, columns: 80, hasColors: () => has });
    const terminal = openTerminal(stream, { environment: {} });
    terminal.printStep(true, 'install', performance.now());
    expect(parts.join('').includes('\x1b[32m')).toBe(has);
  }
});
