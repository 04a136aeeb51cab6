import { expect, test } from '@jest/globals';
import { measureProgress } from '../src/progress.js';

/** The state of a video of 20 seconds that a measurement finds. */
interface State {
  readonly currentTime: number;
  readonly seeking?: boolean;
  readonly playbackRate?: number;
  readonly ended?: boolean;
  readonly loop?: boolean;
}

/** The kinds that are reported when the video goes through these states. */
function reportedBy(states: readonly State[], first: State = { currentTime: 0 }): string[] {
  const video = { duration: 20, seeking: false, playbackRate: 1, ended: false, loop: false, ...first };
  const kinds = new Set<string>();
  const measure = measureProgress(video as HTMLVideoElement, (kind) => kinds.add(kind));
  for (const state of states) {
    Object.assign(video, { seeking: false, playbackRate: 1 }, state);
    measure();
  }
  return [...kinds];
}

/** Measurements from one time to another. */
const play = (from: number, to: number, more: Omit<State, 'currentTime'> = {}): State[] =>
  Array.from({ length: 4 * (to - from) + 1 }, (_, index) => ({ currentTime: from + index / 4, ...more }));
const seek = (to: number): State[] => [{ currentTime: to, seeking: true }, { currentTime: to }];

const START = ['impression', 'start'];
const ALL = [...START, 'firstQuartile', 'midpoint', 'thirdQuartile'];

test.each<[string, State[], string[]]>([
  ['a video that is loaded and not played', [{ currentTime: 0 }, ...seek(7)], []],
  ['the first frames', [{ currentTime: 0.04 }], START],
  ['a play to the end', [...play(0, 19), { currentTime: 20, ended: true }], [...ALL, 'complete']],
  ['a play that stops before the end', play(0, 19), ALL],
  [
    'a busy device, which measures rarely',
    [{ currentTime: 9 }, { currentTime: 20, ended: true }],
    [...ALL, 'complete'],
  ],
  [
    'a loop',
    [...play(0, 19), { currentTime: 19.8, loop: true }, { currentTime: 0.1, loop: true }],
    [...ALL, 'complete'],
  ],
  ['a seek forward', [...play(0, 6), ...seek(12), ...play(12, 20, { ended: true })], [...START, 'firstQuartile']],
  [
    'a seek forward, and then back',
    [...play(0, 6), ...seek(12), ...play(12, 18), ...seek(5), ...play(5, 11)],
    [...START, 'firstQuartile', 'midpoint'],
  ],
  ['a seek back', [...play(0, 6), ...seek(1), ...play(1, 11)], [...START, 'firstQuartile', 'midpoint']],
  [
    'a fast part',
    [...play(0, 6), ...play(6, 12, { playbackRate: 2 }), ...play(12, 20, { ended: true })],
    [...START, 'firstQuartile'],
  ],
  ['a slow play', play(0, 12, { playbackRate: 0.5 }), [...START, 'firstQuartile', 'midpoint']],
])('%s', (_name, states, kinds) => {
  expect(reportedBy(states)).toEqual(kinds);
});

test('a video that plays already has its quartiles only if its beginning was measured', () => {
  expect(reportedBy(play(0, 6), { currentTime: 0.3 })).toContain('firstQuartile');
  expect(reportedBy(play(3, 20), { currentTime: 3 })).toEqual(START);
});
