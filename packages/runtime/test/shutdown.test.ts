import { describe, expect, it } from '@jest/globals';
import { createShutdown } from '../src/process/shutdown.js';
import { logLines } from './log-lines.js';

describe('shutdown hooks', () => {
  it('run last in, first out, each after the one before has ended', async () => {
    const { logger } = logLines();
    const shutdown = createShutdown(logger);
    const seen: string[] = [];
    shutdown.add('first', () => void seen.push('first'));
    shutdown.add('second', async () => {
      await new Promise(setImmediate);
      seen.push('second');
    });
    await shutdown.run();
    expect(seen).toEqual(['second', 'first']);
  });

  it('continue after a hook that throws and one that hangs', async () => {
    const { logger, lines } = logLines();
    const shutdown = createShutdown(logger, 20);
    let closed = false;
    shutdown.add('last', () => {
      closed = true;
    });
    shutdown.add('hangs', () => new Promise(() => undefined));
    shutdown.add('throws', () => {
      throw new Error('broken');
    });
    await shutdown.run();
    expect(closed).toBe(true);
    expect(lines.map(({ fields }) => [fields.event, fields.hook])).toEqual([
      ['shutdown.hook_failed', 'throws'],
      ['shutdown.hook_failed', 'hangs'],
    ]);
  });

  it('run once', async () => {
    const shutdown = createShutdown(logLines().logger);
    let runs = 0;
    shutdown.add('counted', () => {
      runs += 1;
    });
    await Promise.all([shutdown.run(), shutdown.run()]);
    await shutdown.run();
    expect(runs).toBe(1);
  });

  it('run also when they are added during the shutdown', async () => {
    const shutdown = createShutdown(logLines().logger);
    const seen: string[] = [];
    shutdown.add('early', async () => {
      shutdown.add('late', () => void seen.push('late'));
      seen.push('early');
    });
    await shutdown.run();
    await new Promise<void>((resolve) => shutdown.add('after', resolve));
    expect(seen).toEqual(['early', 'late']);
  });
});
