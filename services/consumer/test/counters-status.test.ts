import { beforeEach, describe, expect, it } from '@jest/globals';
import { createCountersStatus } from '../src/counters-status.js';
import { createIncidents } from '../src/incidents.js';
import { captureLog } from './log.js';

let log: ReturnType<typeof captureLog>;
let status: ReturnType<typeof createCountersStatus>;
let measured: (boolean | number)[];
beforeEach(() => {
  log = captureLog();
  measured = [];
  const note = (value: boolean | number) => {
    measured.push(value);
  };
  status = createCountersStatus(log.logger, { trusted: note, rebuilt: note }, createIncidents(log.logger));
});

describe('the status of the counters', () => {
  it('is untrusted with a reason until the counters are trusted, and logs each change once', () => {
    status.onDistrust('Redis restarted');
    status.onTrust(false);
    expect(status.distrust()).toBe('Redis restarted');
    status.onRebuild({ state: 'done', ads: 3 }, 1_500);
    status.onTrust(true);
    status.onTrust(true);
    expect(status.distrust()).toBeUndefined();
    expect(log.events()).toEqual(['info counters.untrusted', 'info counters.rebuilt', 'info counters.trusted']);
    expect(measured).toEqual([false, 1.5, true, true]);
  });

  it('measures only finished rebuilds', () => {
    status.onRebuild({ state: 'interrupted', reason: 'another rebuild is under way' }, 10);
    expect([log.events(), measured]).toEqual([['info counters.rebuild_interrupted'], []]);
  });

  it('logs a warning when the ledger changes', () => {
    for (const ledger of ['one', 'one', 'two']) status.onLedger(ledger);
    expect(status.ledger()).toBe('two');
    expect(log.events()).toEqual(['warn ledger.changed']);
  });

  it('logs failures of the counter upkeep as an incident', () => {
    status.onFailure(new Error('no table'));
    status.onSuccess();
    expect(log.events()).toEqual(['error counters.upkeep_retrying', 'info counters.upkeep_recovered']);
  });
});
