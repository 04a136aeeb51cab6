import { createMetrics, DependencyUnavailable, type Metrics } from '@ads/runtime';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type LogLine, logLines } from '../../runtime/test/log-lines.js';
import { type Attempt, createGuard, type Guard, NotConnected } from '../src/resilience/resilience.js';

class Away extends Error {}
/** An error of a server that answers and refuses the operation. */
class Full extends Away {}
class NoAnswer extends Away {}
class Forbidden extends Error {}

const fails = async (): Promise<never> => {
  throw new Away('connection refused');
};

let metrics: Metrics;
let lines: LogLine[];

function guardWith(attempts: number, timeoutMs = 1_000): Guard {
  const log = logLines();
  lines = log.lines;
  metrics = createMetrics('test');
  return createGuard({
    dependency: 'postgres',
    timeoutMs,
    attempts,
    metrics,
    logger: log.logger,
    isFailure: (error) => error instanceof Away,
    isRefusal: (error) => error instanceof Full || error instanceof Forbidden,
    isTimeout: (error) => error instanceof NoAnswer,
  });
}

async function gauge(): Promise<number | undefined> {
  return (await metrics.breakerState.get()).values[0]?.value;
}

async function failTimes(guard: Guard, times: number): Promise<void> {
  for (let i = 0; i < times; i += 1) {
    await expect(guard.execute(fails)).rejects.toBeInstanceOf(DependencyUnavailable);
  }
}

describe('a guard', () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('gives each call its own signal, since Node warns of a leak if many calls listen to one', async () => {
    const listen = jest.spyOn(EventTarget.prototype, 'addEventListener');
    const guard = guardWith(2);
    const listenToo = ({ signal }: Attempt) => {
      signal.addEventListener('abort', () => undefined);
      return new Promise(setImmediate);
    };
    await Promise.all(Array.from({ length: 50 }, () => guard.execute(listenToo)));
    const listeners = new Map<unknown, number>();
    for (const signal of listen.mock.contexts) listeners.set(signal, (listeners.get(signal) ?? 0) + 1);
    listen.mockRestore();
    expect(listeners.size).toBeGreaterThanOrEqual(50);
    expect(Math.max(...listeners.values())).toBeLessThan(10);
  });

  it('names the dependency and keeps the cause', async () => {
    const error = await guardWith(1)
      .execute(fails)
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      name: 'DependencyUnavailable',
      dependency: 'postgres',
      cause: { message: 'connection refused' },
    });
  });

  it('throws errors of the data unchanged and does not count them as failures', async () => {
    const guard = guardWith(3);
    const mine = new Error('duplicate key');
    let calls = 0;
    for (let i = 0; i < 10; i += 1) {
      await expect(
        guard.execute(async () => {
          calls += 1;
          throw mine;
        }),
      ).rejects.toBe(mine);
    }
    expect(calls).toBe(10);
    expect(guard.state()).toBe('closed');
  });

  it('counts an error of the data as a success of the dependency', async () => {
    const guard = guardWith(1);
    await failTimes(guard, 4);
    await guard.execute(() => Promise.reject(new Error('bad data'))).catch(() => undefined);
    await failTimes(guard, 4);
    expect(guard.state()).toBe('closed');
  });

  it('retries a failed call', async () => {
    const guard = guardWith(3);
    let calls = 0;
    const result = guard.execute(async () => {
      calls += 1;
      if (calls < 3) throw new Away();
      return 'done';
    });
    await jest.advanceTimersByTimeAsync(1_000);
    expect(await result).toBe('done');
    expect(calls).toBe(3);
  });

  it('does not retry while disconnected', async () => {
    let calls = 0;
    await expect(
      guardWith(3).execute(async () => {
        calls += 1;
        throw new NotConnected('no connection');
      }),
    ).rejects.toBeInstanceOf(DependencyUnavailable);
    expect(calls).toBe(1);
  });

  it('abandons a hanging call, aborts its signal, and does not retry', async () => {
    const guard = guardWith(3, 500);
    let calls = 0;
    let aborted = false;
    const result = guard
      .execute(({ signal }) => {
        calls += 1;
        signal.addEventListener('abort', () => {
          aborted = true;
        });
        return new Promise(() => undefined);
      })
      .catch((reason: unknown) => reason);
    await jest.advanceTimersByTimeAsync(500);
    expect(await result).toBeInstanceOf(DependencyUnavailable);
    expect([calls, aborted]).toEqual([1, true]);
  });

  it('does not abort a call that ends in time', async () => {
    let kept: AbortSignal | undefined;
    await guardWith(1, 500).execute(async ({ signal }) => {
      kept = signal;
    });
    await jest.advanceTimersByTimeAsync(1_000);
    expect(kept?.aborted).toBe(false);
  });

  it('gives an aborted signal to a call that asks for it after the timeout', async () => {
    let late: Attempt | undefined;
    const result = guardWith(1, 500).execute((attempt) => {
      late = attempt;
      return new Promise(() => undefined);
    });
    result.catch(() => undefined);
    await jest.advanceTimersByTimeAsync(500);
    expect(late?.signal.aborted).toBe(true);
  });

  it('closes the circuit after a successful probe, even if the system clock was set back', async () => {
    const guard = guardWith(1);
    await failTimes(guard, 5);
    expect(guard.state()).toBe('open');
    await jest.advanceTimersByTimeAsync(1_000);
    jest.setSystemTime(Date.now() - 3_600_000);
    await guard.probe(async () => undefined);
    expect(guard.state()).toBe('closed');
  });

  it('opens the circuit after five failures, rejects calls at once, and closes it after a successful probe', async () => {
    const guard = guardWith(1);
    await failTimes(guard, 5);
    expect(guard.state()).toBe('open');
    expect(await gauge()).toBe(2);

    let calls = 0;
    const counted = async (): Promise<void> => {
      calls += 1;
    };
    await expect(guard.execute(counted)).rejects.toBeInstanceOf(DependencyUnavailable);
    expect(calls).toBe(0);

    // Only a probe closes the circuit: a caller would wait for a hanging dependency.
    await jest.advanceTimersByTimeAsync(60_000);
    await expect(guard.execute(counted)).rejects.toBeInstanceOf(DependencyUnavailable);
    expect(calls).toBe(0);
    let finish = (): void => undefined;
    const test = guard.probe(
      () =>
        new Promise<void>((resolve) => {
          finish = resolve;
        }),
    );
    await jest.advanceTimersByTimeAsync(0);
    expect(guard.state()).toBe('half-open');
    expect(await gauge()).toBe(1);
    await expect(guard.execute(counted)).rejects.toBeInstanceOf(DependencyUnavailable);
    expect(calls).toBe(0);
    finish();
    await test;
    expect(guard.state()).toBe('closed');
    expect(await gauge()).toBe(0);
  });

  it('opens the circuit after two hanging calls in a row', async () => {
    const guard = guardWith(1, 500);
    for (const expected of ['closed', 'open']) {
      const hung = guard.execute(() => new Promise(() => undefined)).catch(() => undefined);
      await jest.advanceTimersByTimeAsync(500);
      await hung;
      expect(guard.state()).toBe(expected);
    }
  });

  it('logs the first failure and the end of the incident, and nothing in between', async () => {
    const guard = guardWith(1);
    await guard.execute(async () => undefined);
    expect(guard.health()).toEqual({ status: 'up', breaker: 'closed' });
    for (let i = 0; i < 3; i += 1) {
      await failTimes(guard, 1);
      // A few successes do not end the incident.
      await guard.execute(async () => undefined);
    }
    await failTimes(guard, 5);
    expect(guard.health()).toEqual({ status: 'down', breaker: 'open', detail: 'connection refused' });
    await jest.advanceTimersByTimeAsync(3_000);
    await guard.probe(async () => undefined);
    expect(guard.health()).toEqual({ status: 'up', breaker: 'closed' });
    expect(lines.map(({ level, fields }) => `${level} ${fields.event}`)).toEqual([
      'warn dependency.down',
      'info dependency.recovered',
    ]);
    expect(lines[0]?.fields).toMatchObject({ dependency: 'postgres', error: { message: 'connection refused' } });
    expect((await metrics.dependencyFailures.get()).values).toMatchObject([
      { labels: { dependency: 'postgres' }, value: 8 },
    ]);
  });

  it('waits 2 s before it logs a dependency that has never worked', async () => {
    const guard = guardWith(1);
    await failTimes(guard, 2);
    expect(lines).toEqual([]);
    await jest.advanceTimersByTimeAsync(2_000);
    await failTimes(guard, 2);
    expect(lines.map(({ fields }) => fields.event)).toEqual(['dependency.down']);
  });

  it('does not log a start that takes less than 2 s', async () => {
    const guard = guardWith(1);
    await failTimes(guard, 2);
    await jest.advanceTimersByTimeAsync(2_000);
    await guard.execute(async () => undefined);
    expect(guard.health()).toEqual({ status: 'up', breaker: 'closed' });
    expect(lines).toEqual([]);
  });

  it('drops the detail as soon as a dependency has started', async () => {
    const guard = guardWith(1);
    await failTimes(guard, 2);
    await guard.execute(async () => undefined);
    expect(guard.health()).toEqual({ status: 'up', breaker: 'closed' });
  });

  it('keeps the detail of a failure until the incident ends', async () => {
    const guard = guardWith(1);
    await guard.execute(async () => undefined);
    await failTimes(guard, 1);
    await guard.probe(async () => undefined);
    expect(guard.health()).toEqual({ status: 'up', breaker: 'closed', detail: 'connection refused' });
  });

  it('has a detail for an error without a message', async () => {
    const guard = guardWith(1);
    const refused = Object.assign(new Away(''), { code: 'ECONNREFUSED' });
    await guard.execute(() => Promise.reject(refused)).catch(() => undefined);
    expect(guard.health().detail).toBe('ECONNREFUSED');
    const full = Object.assign(new Away('503'), { api_error: { description: 'maximum bytes exceeded' } });
    await guard.execute(() => Promise.reject(full)).catch(() => undefined);
    expect(guard.health().detail).toBe('maximum bytes exceeded');
  });

  describe('while an operation fails and pings succeed', () => {
    const full = () => Promise.reject(new Full('no space left on device'));
    const well = async (): Promise<void> => undefined;
    const fail = (guard: Guard, call: () => Promise<unknown>, operation = 'write') =>
      guard.execute(call, operation).catch(() => undefined);
    /** Pings once a second, as `probe` does. */
    const ping = async (guard: Guard, seconds: number): Promise<string[]> => {
      const statuses: string[] = [];
      for (let second = 0; second < seconds; second += 1) {
        await jest.advanceTimersByTimeAsync(1_000);
        await guard.probe(well);
        statuses.push(guard.health().status);
      }
      return statuses;
    };

    it('is down with the error of the operation until that operation succeeds', async () => {
      const guard = guardWith(1);
      await guard.execute(well, 'write');
      for (let second = 0; second < 50; second += 1) {
        await fail(guard, full);
        await guard.execute(well, 'read');
        expect(await ping(guard, 1)).toEqual(['down']);
        expect(guard.health().detail).toBe('no space left on device');
      }
      expect(lines.map(({ fields }) => fields.event)).toEqual(['dependency.down']);
      await guard.execute(well, 'write');
      expect(await ping(guard, 2)).toEqual(['up', 'up']);
      expect(guard.health().detail).toBeUndefined();
      expect(lines.map(({ fields }) => fields.event)).toEqual(['dependency.down', 'dependency.recovered']);
    });

    it('is up again when that operation was not called for 30 s', async () => {
      const guard = guardWith(1);
      await guard.execute(well, 'write');
      await fail(guard, full);
      expect(new Set(await ping(guard, 29))).toEqual(new Set(['down']));
      expect(await ping(guard, 1)).toEqual(['up']);
    });

    it('is down after a refusal, which the breaker does not count as a failure', async () => {
      const guard = guardWith(1);
      await guard.execute(well, 'write');
      for (let time = 0; time < 10; time += 1) {
        await expect(
          guard.execute(() => Promise.reject(new Forbidden('permission denied')), 'write'),
        ).rejects.toBeInstanceOf(Forbidden);
      }
      await guard.probe(well);
      expect(guard.health()).toEqual({ status: 'down', breaker: 'closed', detail: 'permission denied' });
    });

    it('shows the error of an operation that pings do not cover before other errors', async () => {
      const guard = guardWith(1);
      await guard.execute(well, 'write');
      await fail(guard, full);
      await fail(guard, fails, 'read');
      expect(guard.health().detail).toBe('no space left on device');
    });

    it('stays down after a relapse until the incident ends, instead of flapping', async () => {
      const guard = guardWith(1);
      await guard.execute(well);
      const statuses: string[] = [];
      for (let second = 0; second < 50; second += 1) {
        if (second % 3 === 0) {
          await failTimes(guard, 1);
          statuses.push(guard.health().status);
        }
        statuses.push(...(await ping(guard, 1)));
      }
      const changes = statuses.filter((status, index) => status !== (statuses[index - 1] ?? status));
      expect(changes.length).toBeLessThanOrEqual(4);
      expect(statuses.at(-1)).toBe('down');
      expect(lines.length).toBeLessThanOrEqual(3);
    });

    it('does not retry timeouts and opens the circuit before the fifth', async () => {
      const guard = guardWith(3);
      let calls = 0;
      for (const expected of ['closed', 'open']) {
        await fail(guard, () => {
          calls += 1;
          return Promise.reject(new NoAnswer('timeout'));
        });
        expect(guard.state()).toBe(expected);
      }
      expect(calls).toBe(2);
    });
  });

  it('shows the error of a lost connection until a call succeeds', async () => {
    const guard = guardWith(1);
    await guard.execute(async () => undefined);
    guard.failed(new Error('password authentication failed'));
    expect(guard.health()).toEqual({ status: 'down', breaker: 'closed', detail: 'password authentication failed' });
    expect(lines.map(({ fields }) => fields.event)).toEqual(['dependency.down']);
    await guard.probe(async () => undefined);
    expect(guard.health().status).toBe('up');
  });
});
