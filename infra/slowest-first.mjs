import TestSequencer from '@jest/test-sequencer';

/** Runs the chaos test first, because it takes longest. Other tests then run at the same time. */
export default class ChaosFirst extends TestSequencer {
  sort(tests) {
    const isChaos = ({ path }) => path.includes('/infra/chaos/');
    const sorted = super.sort(tests);
    return [...sorted.filter(isChaos), ...sorted.filter((test) => !isChaos(test))];
  }
}
