import type { Journal } from '@ads/harness';
import { ENDPOINT_KINDS, EVENT_KINDS } from '@ads/models';
import type { FuzzRequest } from '../generate/request.js';
import type { Outcome } from '../send/answer.js';

/** Records the outcome of a request in the journal. */
export function enter(journal: Journal, request: FuzzRequest, { answers }: Outcome): void {
  if (request.form === 'raw' && answers.length === 0) for (const id of request.mayStore) journal.doubt(id);
  const event = request.form === 'raw' ? request.counts : undefined;
  if (event !== undefined && answers.some(({ status }) => status < 400)) journal.acknowledge(event, event);
  for (const { status, body } of answers) if (status === 202) acknowledge(journal, body.toString());
}

function acknowledge(journal: Journal, text: string): void {
  const answer = JSON.parse(text) as Record<string, string>;
  for (const kind of ENDPOINT_KINDS) {
    const id = answer[EVENT_KINDS[kind].idField];
    if (id !== undefined) journal.acknowledge({ kind, adId: answer.ad_id ?? '', id }, { id });
  }
}
