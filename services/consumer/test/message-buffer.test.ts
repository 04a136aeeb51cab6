import { describe, expect, it } from '@jest/globals';
import { MessageBuffer } from '../src/message-buffer.js';
import { click, queue } from './messages.js';

const clicks = (count: number) => Array.from({ length: count }, () => click());

describe('buffered messages', () => {
  it('have room up to the maximum number, including messages that are being recorded', () => {
    const message = queue([]);
    const buffer = new MessageBuffer({ messages: 3, bytes: 1_000_000 });
    buffer.put(message(clicks(1)));
    buffer.put(message(clicks(1)));
    expect(buffer.room()).toBe(1);
    const taken = buffer.take(1);
    expect(taken).toHaveLength(1);
    expect(buffer.room()).toBe(1);
    buffer.finish(taken);
    expect(buffer.room()).toBe(2);
  });

  it('have no room at the maximum bytes, including messages that are being recorded', () => {
    const message = queue([]);
    const first = message(clicks(10));
    const buffer = new MessageBuffer({ messages: 10, bytes: first.data.length + 1 });
    buffer.put(first);
    expect(buffer.room()).toBe(9);
    buffer.put(message(clicks(1)));
    expect(buffer.room()).toBe(0);
    const taken = buffer.take(10);
    expect(taken).toHaveLength(1);
    expect(buffer.room()).toBe(0);
    buffer.finish(taken);
    expect(buffer.room()).toBe(9);
  });

  it('have room for at most 100 messages per pull, since their size is unknown', () => {
    expect(new MessageBuffer({ messages: 1_000, bytes: 1_000 }).room()).toBe(100);
  });

  it('are taken in order, up to the size of a batch, while others are being recorded', () => {
    const message = queue([]);
    const buffer = new MessageBuffer({ messages: 10, bytes: 1_000_000 });
    for (const size of [40, 50, 20, 10]) buffer.put(message(clicks(size)));
    const sequences = () => buffer.take(100).map((taken) => taken.message.info.streamSequence);
    expect(sequences()).toEqual([1, 2]);
    expect(sequences()).toEqual([3, 4]);
    expect(buffer.isEmpty()).toBe(true);
    expect(sequences()).toEqual([]);
  });

  it('are taken at least one at a time, of any size, and unreadable ones count as one event', () => {
    const message = queue([]);
    const buffer = new MessageBuffer({ messages: 10, bytes: 1_000_000 });
    buffer.put(message(clicks(500)));
    for (let i = 0; i < 3; i += 1) buffer.put(message('not JSON'));
    expect(buffer.take(2)).toHaveLength(1);
    expect(buffer.take(2).map(({ decoded }) => decoded.state)).toEqual(['unreadable', 'unreadable']);
  });

  it('are listed, both recording and waiting ones, until they are finished', () => {
    const message = queue([]);
    const buffer = new MessageBuffer({ messages: 10, bytes: 1_000_000 });
    for (let i = 0; i < 3; i += 1) buffer.put(message(clicks(1)));
    const taken = buffer.take(2);
    const sequences = () => buffer.all().map((one) => one.message.info.streamSequence);
    expect(sequences()).toEqual([1, 2, 3]);
    buffer.finish(taken.slice(0, 1));
    expect(sequences()).toEqual([2, 3]);
    buffer.finish(taken.slice(1));
    expect(sequences()).toEqual([3]);
  });

  it.each<[string, (buffer: MessageBuffer) => void]>([
    ['a message arrives', (buffer) => buffer.put(queue([])(clicks(1)))],
    ['taken messages are finished', (buffer) => buffer.finish(buffer.take(1))],
    ['it is interrupted', (buffer) => buffer.interrupt()],
  ])('wake all waiting callers when %s', async (_what, change) => {
    const buffer = new MessageBuffer({ messages: 10, bytes: 1_000_000 });
    let woken = 0;
    const waiting = [buffer.change(), buffer.change()].map((promise) =>
      promise.then(() => {
        woken += 1;
      }),
    );
    await new Promise((resolve) => setImmediate(resolve));
    expect(woken).toBe(0);
    change(buffer);
    await Promise.all(waiting);
  });
});
