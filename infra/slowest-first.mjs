import TestSequencer from '@jest/test-sequencer';

/**
 * The test files that take longest, in the order of their start; the other files follow. The chaos run needs most of the
 * machine, so files that mostly wait run beside it. An entry that is missing or out of date only makes the run longer.
 */
const SLOWEST = [
  'infra/chaos/test/short-run',
  'services/consumer/test/dependency-health',
  'services/consumer/test/consume',
  'services/ingest/test/hanging-names',
  'services/analytics/test/redis-cluster',
  'services/consumer/test/consumer',
  'infra/e2e/test/redelivery',
  'infra/e2e/test/redis-cluster',
  'infra/e2e/test/clocks',
  'infra/e2e/test/durable-answer',
  'infra/check-deploy/test/planted-errors',
  'infra/e2e/test/shutdown',
  'infra/e2e/test/lost-counters',
  'infra/e2e/test/dashboard',
  'infra/e2e/test/unknown-ads',
  'packages/ledger/test/partitions',
  'infra/e2e/test/restored-database',
  'infra/fuzz/test/fields',
  'infra/e2e/test/outages',
  'services/consumer/test/dead-letters-main',
  'infra/local/test/bootstrap',
].map((name) => `/${name}.test.ts`);

/** Starts the slowest files first, so that all workers end at about the same time. */
export default class SlowestFirst extends TestSequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const index = SLOWEST.findIndex((name) => path.endsWith(name));
      return index < 0 ? SLOWEST.length : index;
    };
    return super.sort(tests).sort((one, other) => rank(one) - rank(other));
  }
}
