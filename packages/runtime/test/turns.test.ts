import { describe, expect, it } from '@jest/globals';
import { createTurns } from '../src/timers/turns.js';

describe('work in turns', () => {
  const open = () => createTurns({ inAll: 5, perClient: 3 }, () => new Error('refused'));

  it('runs one at a time, first come, first served', async () => {
    const inTurn = open();
    const log: string[] = [];
    const work = (name: string) => async () => {
      log.push(`begin ${name}`);
      await Promise.resolve();
      log.push(`end ${name}`);
      return name;
    };
    expect(await Promise.all([inTurn('a', work('1')), inTurn('a', work('2'))])).toEqual(['1', '2']);
    expect(log).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2']);
  });

  it('continues after work that fails', async () => {
    const inTurn = open();
    const failed = inTurn('a', () => Promise.reject(new Error('broken')));
    const next = inTurn('a', async () => 'done');
    await expect(failed).rejects.toThrow('broken');
    expect(await next).toBe('done');
    expect(await inTurn('a', async () => 'later')).toBe('later');
  });

  it('lets clients take turns', async () => {
    const inTurn = open();
    const order: string[] = [];
    const work = (name: string) => async () => void order.push(name);
    await Promise.all([...['a', 'a', 'a', 'a', 'b', 'c'].map((client) => inTurn(client, work(client)))]);
    // The first began before the others came.
    expect(order).toEqual(['a', 'a', 'b', 'c', 'a', 'a']);
  });

  it('refuses what exceeds the limits of a client and of all', async () => {
    const inTurn = open();
    let end = (): void => undefined;
    const first = inTurn('a', () => new Promise<void>((resolve) => (end = resolve)));
    const ask = (client: string) => inTurn(client, async () => undefined);
    const waiting = ['a', 'a', 'a', 'b'].map(ask);
    await expect(ask('a')).rejects.toThrow('refused');
    waiting.push(ask('c'));
    await expect(ask('d')).rejects.toThrow('refused');
    end();
    await Promise.all([first, ...waiting]);
    await ask('d');
  });
});
