import type { Journal } from '@ads/harness';
import type { EventKind } from '@ads/models';
import type { FuzzRequest } from '../generate/request.js';
import type { Outcome } from '../send/outcome.js';

/** Enters how a request ended. */
export function enter(journal: Journal, request: FuzzRequest, { answers }: Outcome): void {
  if (request.form === 'raw' && answers.length === 0) for (const id of request.mayStore) journal.doubt(id);
  for (const { status, body } of answers) if (status === 202) acknowledge(journal, body.toString());
}

function acknowledge(journal: Journal, text: string): void {
  const answer = JSON.parse(text) as { ad_id: string; click_id?: string; impression_id?: string };
  const kind: EventKind = answer.click_id === undefined ? 'impression' : 'click';
  const id = answer.click_id ?? answer.impression_id ?? '';
  journal.acknowledge({ kind, adId: answer.ad_id, id }, { id });
}
