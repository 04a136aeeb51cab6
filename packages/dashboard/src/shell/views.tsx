import type { ComponentType } from 'preact';
import { AdFrame, tabName } from '../ads/ad-frame.js';
import { AdsView } from '../ads/ads-view.js';
import { ImportView } from '../ads/import-view.js';
import { NewAdView } from '../ads/new-ad-view.js';
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
  /** The view in the navigation to which this one belongs, if it has no link there. */
  readonly under?: string;
  readonly titleOf: (path: readonly string[]) => string;
  /** Names the part of the view in the title of the window; undefined if the view has no parts. */
  readonly partOf?: (path: readonly string[]) => string | undefined;
  readonly component: ComponentType<ViewProps>;
}

/** The list of ads, or one ad. An ad may have any id, so the other views of ads have addresses of their own. */
function Ads({ path: [, id, tab = ''] }: ViewProps) {
  return id === undefined ? <AdsView /> : <AdFrame key={id} id={id} path={tab} />;
}

const VIEWS: readonly View[] = [
  { path: 'now', label: 'Now', titleOf: () => 'Now', component: NowView },
  { path: 'report', label: 'Report', titleOf: () => 'Report', component: ReportView },
  { path: 'ads', label: 'Ads', titleOf: ([, id = 'Ads']) => id, partOf: ([, , tab]) => tabName(tab), component: Ads },
  { path: 'new-ad', label: undefined, under: 'ads', titleOf: () => 'New ad', component: NewAdView },
  { path: 'import-ads', label: undefined, under: 'ads', titleOf: () => 'Import ads', component: ImportView },
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
