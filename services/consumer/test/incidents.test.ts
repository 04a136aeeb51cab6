import { DependencyUnavailable } from '@ads/runtime';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { createIncidents, type Incident, type Incidents } from '../src/incidents.js';
import { captureLog } from './log.js';

let log: ReturnType<typeof captureLog>;
let incidents: Incidents;
let recording: Incident;
beforeEach(() => {
  log = captureLog();
  incidents = createIncidents(log.logger);
  recording = incidents.declare({
    subject: 'recording',
    beginEvent: 'recording.retrying',
    endEvent: 'recording.recovered',
  });
});

describe('an incident', () => {
  it('is logged once per reason, and once at its end', () => {
    for (const reason of ['no table', 'no table', 'no right', 'no right']) recording.failed(new Error(reason));
    expect(incidents.isOpen()).toBe(true);
    recording.succeeded();
    recording.succeeded();
    expect(incidents.isOpen()).toBe(false);
    expect(log.events()).toEqual(['error recording.retrying', 'error recording.retrying', 'info recording.recovered']);
    expect(log.lines.at(-1)?.message).toBe('recording recovered after 4 failed attempts');
  });

  it('does not open while a dependency is unavailable', () => {
    recording.failed(new DependencyUnavailable('postgres', new Error('refused')));
    expect([incidents.isOpen(), log.lines]).toEqual([false, []]);
  });
});
