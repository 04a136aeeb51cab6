import type { HealthAnswer } from '@ads/contract';
import { useReading } from '../api/use-reading.js';
import { isOnline, liveTrouble } from './connection.js';

const EVERY_MS = 20_000;

/** The consequences of a missing server for the numbers. */
const MEANING: Readonly<Record<string, string>> = {
  nats: 'NATS is unavailable. Events go straight to Postgres, so nothing is lost.',
  redis: 'Redis is unavailable. Numbers come from Postgres: they stay exact, and are read more slowly.',
  postgres: 'Postgres is unavailable. Events are kept and counted later. Reports return with it.',
};

/** `/health` answers with the same body and a 503 if the service is unhealthy. */
async function readHealth(signal: AbortSignal): Promise<Pick<HealthAnswer, 'status' | 'dependencies'>> {
  return await (await fetch('/health', { signal, headers: { Accept: 'application/json' } })).json();
}

/** One calm line while something is wrong, and nothing otherwise. */
export function HealthLine() {
  const refresh = { everyMs: EVERY_MS, version: () => undefined, atLeastMs: EVERY_MS };
  const { value } = useReading(readHealth, [], refresh);
  const down = Object.entries(value?.dependencies ?? {}).filter(([, { status }]) => status === 'down');
  const lines = [
    ...(isOnline.value ? [] : ['You are offline. The numbers are those of the last connection.']),
    ...(liveTrouble.value === undefined ? [] : [liveTrouble.value]),
    ...down.flatMap(([name]) => MEANING[name] ?? []),
  ];
  return (
    <div class="health" role="status">
      {lines.map((line) => (
        <p key={line}>{line}</p>
      ))}
    </div>
  );
}
