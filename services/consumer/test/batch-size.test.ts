import { describe, expect, it } from '@jest/globals';
import { createBatchSize } from '../src/batch-size.js';

describe('the size of a batch', () => {
  it('is the maximum while batches are fast', () => {
    const size = createBatchSize(20_000);
    size.took(20);
    expect(size.events()).toBe(20_000);
  });

  it('halves with every slow or failed batch, and doubles with every fast one', () => {
    const size = createBatchSize(20_000);
    size.took(1_600);
    size.failed();
    expect(size.events()).toBe(5_000);
    size.took(1_000);
    expect(size.events()).toBe(5_000);
    size.took(100);
    size.took(100);
    size.took(100);
    expect(size.events()).toBe(20_000);
  });

  it.each([
    [20_000, 100],
    [50, 50],
  ])('with a maximum of %i is never below %i', (most, least) => {
    const size = createBatchSize(most);
    for (let time = 0; time < 20; time += 1) size.failed();
    expect(size.events()).toBe(least);
  });
});
