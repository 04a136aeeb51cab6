import { readFileSync } from 'node:fs';
import { fillInKinds } from '@ads/models';
import type pg from 'pg';

const WRONG_VERDICTS = fillInKinds(readFileSync(new URL('../../sql/wrong-verdicts.sql', import.meta.url), 'utf8'));

/** The rules by which clicks are recorded. */
export interface GateSettings {
  /** `IVT_DOUBLE_CLICK_MS` */
  readonly doubleClickMs: number;
  /** `IVT_FLOOD_PER_HOUR` */
  readonly floodPerHour: number;
}

/**
 * Checks that other stored clicks explain each double click and each click of a flood.
 *
 * @returns one line for each click that has a verdict without a reason
 */
export async function compareVerdicts(
  database: pg.Pool,
  { doubleClickMs, floodPerHour }: GateSettings,
): Promise<string[]> {
  const { rows } = await database.query<{ id: string; verdict: string }>(WRONG_VERDICTS, [doubleClickMs, floodPerHour]);
  return rows.map(({ id, verdict }) => `click ${id} is stored as ${verdict}, but no other clicks explain the verdict`);
}
