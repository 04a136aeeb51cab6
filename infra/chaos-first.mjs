import TestSequencer from '@jest/test-sequencer';

/** The short chaos takes longest by far: begun last, it would run alone in the end. */
export default class ChaosFirst extends TestSequencer {
  sort(tests) {
    const isChaos = ({ path }) => path.includes('/infra/chaos/');
    const sorted = super.sort(tests);
    return [...sorted.filter(isChaos), ...sorted.filter((test) => !isChaos(test))];
  }
}
