import { describe, expect, it } from '@jest/globals';
import { createConditions } from '../src/health/conditions.js';
import { createHealth } from '../src/health/health.js';
import { createMetrics } from '../src/metrics/metrics.js';
import { logLines } from './log-lines.js';

function fixture() {
  const metrics = createMetrics('test');
  const { logger, lines } = logLines();
  const conditions = createConditions(metrics, logger);
  const health = createHealth({
    service: 'test',
    version: '1.0.0',
    description: 'a test',
    dependencies: {},
    status: () => 'healthy',
    conditions,
    ready: () => true,
  });
  return { metrics, lines, conditions, health };
}

describe('a condition', () => {
  it('degrades health, with its latest detail, while it holds', () => {
    const { conditions, health } = fixture();
    const clock = conditions.declare('clock_skew');
    expect(health.report()).toMatchObject({ status: 'healthy' });
    expect(health.report()).not.toHaveProperty('conditions');
    clock.hold('The clock is 5 s ahead.');
    clock.hold('The clock is 9 s ahead.');
    expect(health.report()).toMatchObject({
      status: 'degraded',
      conditions: { clock_skew: 'The clock is 9 s ahead.' },
    });
    clock.clear();
    expect(health.report()).toMatchObject({ status: 'healthy' });
  });

  it('is logged when it begins and when it ends, and not in between', () => {
    const { conditions, lines } = fixture();
    const clock = conditions.declare('clock_skew');
    clock.clear();
    clock.hold('The clock is 5 s ahead.');
    clock.hold('The clock is 9 s ahead.');
    clock.clear();
    expect(lines.map(({ level, fields }) => [level, fields.event, fields.condition])).toEqual([
      ['warn', 'condition.began', 'clock_skew'],
      ['info', 'condition.ended', 'clock_skew'],
    ]);
  });

  it('has a metric as soon as it is declared', async () => {
    const { conditions, metrics } = fixture();
    const clock = conditions.declare('clock_skew');
    const series = 'health_condition{condition="clock_skew",service="test"}';
    expect(await metrics.registry.metrics()).toContain(`${series} 0`);
    clock.hold('The clock is 5 s ahead.');
    expect(await metrics.registry.metrics()).toContain(`${series} 1`);
    clock.clear();
    expect(await metrics.registry.metrics()).toContain(`${series} 0`);
  });
});
