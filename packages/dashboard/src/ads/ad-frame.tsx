import type { Ad } from '@ads/models';
import type { ComponentType } from 'preact';
import { AdView } from '../ad/ad-view.js';
import { read } from '../api/client.js';
import { useReading } from '../api/use-reading.js';
import { Notice, ProblemNotice } from '../parts/states.js';
import { addressOf } from '../shell/addresses.js';
import { StatusBadge, StatusButtons } from './ad-status.js';
import { latest } from './changes.js';
import { EditView } from './edit-view.js';
import { HistoryView } from './history-view.js';
import { SavingProblem, useSaving } from './saving.js';
import { TagsView } from './tags-view.js';
import { TestView } from './test-view.js';

interface Tab {
  /** The last segment of the address; empty for the first tab. */
  readonly path: string;
  readonly label: string;
  readonly component: ComponentType<{ readonly id: string }>;
}

const TABS: readonly Tab[] = [
  { path: '', label: 'Numbers', component: AdView },
  { path: 'tags', label: 'Tags', component: TagsView },
  { path: 'test', label: 'Test a tag', component: TestView },
  { path: 'edit', label: 'Edit', component: EditView },
  { path: 'history', label: 'History', component: HistoryView },
];

/** The name of a tab; undefined if it does not exist. */
export function tabName(path: string | undefined): string | undefined {
  return TABS.find((one) => one.path === path)?.label;
}

/**
 * One ad: its tabs, each with an address, and the tab that the address names.
 *
 * @param id any text, which may not be the id of an ad
 */
export function AdFrame({ id, path }: { readonly id: string; readonly path: string }) {
  const { value, problem } = useReading((signal) => read<Ad>(`/ads/${encodeURIComponent(id)}`, {}, signal), [id]);
  const tab = TABS.find((one) => one.path === path);
  if (value === undefined && problem !== undefined && problem.kind !== 'temporary') {
    return <ProblemNotice problem={problem} />;
  }
  if (tab === undefined) {
    return (
      <Notice title="This page does not exist">
        <p>
          <a href={addressOf(['ads', id])}>Open the numbers of this ad</a>
        </p>
      </Notice>
    );
  }
  const ad = value === undefined ? undefined : latest(value);
  return (
    <>
      <p class="muted under-heading">
        <bdi>{ad && namesOf(ad)}</bdi>
      </p>
      <div class="ad-head">
        <nav class="tabs" aria-label="About this ad">
          {TABS.map((one) => (
            <a
              key={one.path}
              href={addressOf(['ads', id, ...(one.path === '' ? [] : [one.path])])}
              {...(one === tab ? { 'aria-current': 'page' as const } : {})}
            >
              {one.label}
            </a>
          ))}
        </nav>
        <div class="ad-actions">{ad && <AdActions ad={ad} isEditing={path === 'edit'} />}</div>
      </div>
      <tab.component id={id} />
    </>
  );
}

function namesOf({ title, campaign, advertiser }: Ad): string {
  const names = [title, campaign && `campaign ${campaign}`, advertiser];
  return names.filter((name) => name !== null && name !== '').join(' · ');
}

/** The status of the ad, and buttons that change it; the form has a field for that. */
function AdActions({ ad, isEditing }: { readonly ad: Ad; readonly isEditing: boolean }) {
  const saving = useSaving();
  return (
    <>
      <SavingProblem problem={saving.problem} />
      <span role="status">
        <StatusBadge ad={ad} />
      </span>
      {!isEditing && <StatusButtons ad={ad} saving={saving} />}
    </>
  );
}
