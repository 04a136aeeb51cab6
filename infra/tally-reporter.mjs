import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes the counts after each test file, so that an interrupted run can still report them. */
export default class TallyReporter {
  onRunStart(results) {
    this.#write(results);
  }

  onTestResult(_test, _result, results) {
    this.#write(results);
  }

  onRunComplete(_contexts, results) {
    this.#write(results);
  }

  #write(results) {
    const counts = {
      passed: results.numPassedTests,
      failed: results.numFailedTests + results.numRuntimeErrorTestSuites,
      files: results.numPassedTestSuites + results.numFailedTestSuites + results.numPendingTestSuites,
      allFiles: results.numTotalTestSuites,
    };
    writeFileSync(join(process.env.TEST_FOLDER, 'counts.json'), JSON.stringify(counts));
  }
}
