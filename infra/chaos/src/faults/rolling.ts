import type { Fault } from './fault.js';

/** Good outcomes; a 429 comes from the rate limits, not from the restart. */
const GOOD = new Set(['202', '429']);

/** Restarts each service by SIGTERM, one after the other. No client may notice. */
export const rolling: Fault = {
  name: 'rolling-restart',
  signals: [],
  async run({ stack, journal, complain, random }) {
    journal.takeOutcomes();
    for (const slot of random.shuffle(stack.slots)) {
      const { code, signal } = await slot.roll();
      if (code !== 0) complain(`${slot.name} ended with ${signal ?? `code ${code}`} instead of 0`);
    }
    for (const [outcome, count] of journal.takeOutcomes()) {
      if (!GOOD.has(outcome)) complain(`${count} requests ended with ${outcome} during the rolling restart`);
    }
  },
};
