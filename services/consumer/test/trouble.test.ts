import { DependencyUnavailable, type Logger } from '@ads/runtime';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { createTrouble, type Trouble } from '../src/trouble.js';

let lines: string[];
let trouble: Trouble;
beforeEach(() => {
  lines = [];
  const log = (level: string) => (message: string) => {
    lines.push(`${level} ${message}`);
  };
  const logger: Logger = {
    error: log('error'),
    warn: log('warn'),
    info: log('info'),
    debug: log('debug'),
    child: () => logger,
  };
  trouble = createTrouble(logger);
});

describe('trouble', () => {
  it('is told once for each reason, and its end once', () => {
    for (const reason of ['no table', 'no table', 'no right', 'no right'])
      trouble.report('recording', new Error(reason));
    expect(trouble.isOn()).toBe(true);
    trouble.over('recording');
    trouble.over('recording');
    expect(trouble.isOn()).toBe(false);
    expect(lines).toEqual(['error recording', 'error recording', 'info over: recording']);
  });

  it('is not that a dependency is away: that is waited for', () => {
    trouble.report('recording', new DependencyUnavailable('postgres', new Error('refused')));
    expect([trouble.isOn(), lines]).toEqual([false, []]);
  });
});
