import type { ComponentType } from 'preact';
import { AdView } from '../ad/ad-view.js';
import { NowView } from '../now/now-view.js';
import { Notice } from '../parts/states.js';
import { ReportView } from '../report/report-view.js';
import { addressOf } from './addresses.js';

export interface ViewProps {
  /** The segments of the address, which begin with that of the view. */
  readonly path: readonly string[];
}

export interface View {
  /** The first segment of the address. */
  readonly path: string;
  /** Its name in the navigation; undefined if it has no link there. */
  readonly label: string | undefined;
  readonly titleOf: (path: readonly string[]) => string;
  readonly component: ComponentType<ViewProps>;
}

function AdsView({ path: [, id] }: ViewProps) {
  if (id !== undefined) return <AdView key={id} id={id} />;
  return (
    <Notice title="Choose an ad">
      <p>
        <a href={addressOf(['report'], { group: 'ad', interval: 'total' })}>Open the report by ad</a>
      </p>
    </Notice>
  );
}

const VIEWS: readonly View[] = [
  { path: 'now', label: 'Now', titleOf: () => 'Now', component: NowView },
  { path: 'report', label: 'Report', titleOf: () => 'Report', component: ReportView },
  { path: 'ads', label: undefined, titleOf: ([, id = 'Ads']) => id, component: AdsView },
];

export const LINKED_VIEWS = VIEWS.filter(({ label }) => label !== undefined);

const UNKNOWN: View = {
  path: '',
  label: undefined,
  titleOf: () => 'Not found',
  component: () => (
    <Notice title="This page does not exist">
      <p>
        <a href={addressOf(['now'])}>Open the numbers of now</a>
      </p>
    </Notice>
  ),
};

/** The view of an address; an address without a view is that of `Now`. */
export function viewOf(path: readonly string[]): View {
  const [first = 'now'] = path;
  return VIEWS.find((view) => view.path === first) ?? UNKNOWN;
}
