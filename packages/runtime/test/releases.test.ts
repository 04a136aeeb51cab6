import { describe, expect, it } from '@jest/globals';
import { createReleases } from '../src/process/releases.js';
import { logLines } from './log-lines.js';

describe('releases', () => {
  it('run last in, first out, each after the one before has ended', async () => {
    const { logger } = logLines();
    const releases = createReleases(logger);
    const seen: string[] = [];
    releases.add('first', () => void seen.push('first'));
    releases.add('second', async () => {
      await new Promise(setImmediate);
      seen.push('second');
    });
    await releases.run();
    expect(seen).toEqual(['second', 'first']);
  });

  it('go on after one that throws and one that hangs', async () => {
    const { logger, lines } = logLines();
    const releases = createReleases(logger, 20);
    let released = false;
    releases.add('last', () => {
      released = true;
    });
    releases.add('hangs', () => new Promise(() => undefined));
    releases.add('throws', () => {
      throw new Error('broken');
    });
    await releases.run();
    expect(released).toBe(true);
    expect(lines.map(({ message }) => message)).toEqual(['could not release throws', 'could not release hangs']);
  });

  it('run once', async () => {
    const releases = createReleases(logLines().logger);
    let runs = 0;
    releases.add('counted', () => {
      runs += 1;
    });
    await Promise.all([releases.run(), releases.run()]);
    await releases.run();
    expect(runs).toBe(1);
  });

  it('also close what is opened after they began', async () => {
    const releases = createReleases(logLines().logger);
    const seen: string[] = [];
    releases.add('early', async () => {
      releases.add('late', () => void seen.push('late'));
      seen.push('early');
    });
    await releases.run();
    await new Promise<void>((resolve) => releases.add('after', resolve));
    expect(seen).toEqual(['early', 'late']);
  });
});
