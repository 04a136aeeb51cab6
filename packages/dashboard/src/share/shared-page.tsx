import { useEffect } from 'preact/hooks';
import { AdView } from '../ad/ad-view.js';
import type { AdNames } from '../api/answers.js';
import { read } from '../api/client.js';
import { keepKey } from '../api/key.js';
import { useReading } from '../api/use-reading.js';
import { BROWSER_ZONE, formatTime } from '../format/times.js';
import { Notice, ProblemNotice } from '../parts/states.js';
import { ReportView } from '../report/report-view.js';
import { addressOf } from '../shell/addresses.js';
import { HealthLine } from '../shell/health.js';
import { Mark } from '../shell/mark.js';
import { go, segments } from '../shell/router.js';
import { homeOf, isOpen, type SharedView, sharedView } from './share.js';

const EVERY_MS = 20_000;
const REFRESH = { everyMs: EVERY_MS, atLeastMs: EVERY_MS, version: () => undefined };

/** The page of somebody who has a share link: its numbers, and nothing else. */
export function SharedPage() {
  const reading = useReading((signal) => read<SharedView>('/shares/current', {}, signal), [], REFRESH);
  const { value, problem } = reading;
  const isOver = problem !== undefined && problem.kind !== 'temporary';
  const shared = isOver ? undefined : value;
  useEffect(() => {
    sharedView.value = shared;
    return () => {
      sharedView.value = undefined;
    };
  }, [shared]);
  useEffect(() => {
    document.title = `${shared === undefined ? 'Shared numbers' : nameOf(shared)} · Ads Metric Tracker`;
  }, [shared]);
  return (
    <>
      <header class="bar">
        <a class="brand" href={shared === undefined ? addressOf([]) : homeOf(shared)}>
          <Mark />
          <span>Ads Metric Tracker</span>
        </a>
        <div class="bar-end">
          {shared !== undefined && (
            <span class="muted">
              Shared with you until {formatTime(Date.parse(shared.expires_at), 'stamp', BROWSER_ZONE)}
            </span>
          )}
          <button type="button" class="button" onClick={() => keepKey('')}>
            Leave
          </button>
        </div>
      </header>
      <HealthLine />
      <main id="main" tabIndex={-1}>
        {isOver && (
          <>
            <h1>Shared numbers</h1>
            <Notice title="This link does not work">
              <p>{problem.message}</p>
            </Notice>
          </>
        )}
        {!isOver && value === undefined && (problem ? <ProblemNotice problem={problem} /> : <h1>Shared numbers</h1>)}
        {shared !== undefined && sharedView.value !== undefined && <View shared={shared} />}
      </main>
    </>
  );
}

function View({ shared }: { readonly shared: SharedView }) {
  const path = segments.value;
  const isAllowed = isOpen(path, shared);
  useEffect(() => {
    if (!isAllowed) go(homeOf(shared), true);
  }, [isAllowed]);
  if (!isAllowed) return null;
  const [view, id = ''] = path;
  return (
    <>
      <h1>{nameOf(shared)}</h1>
      {view === 'report' ? (
        <ReportView />
      ) : (
        <SharedAd key={id} id={id} isOne={shared.ad_id !== null} home={homeOf(shared)} />
      )}
    </>
  );
}

interface SharedAdProps {
  readonly id: string;
  /** False for one of the ads of a campaign. */
  readonly isOne: boolean;
  readonly home: string;
}

function SharedAd({ id, isOne, home }: SharedAdProps) {
  const { value, problem } = useReading((signal) => read<AdNames>(`/ads/${encodeURIComponent(id)}`, {}, signal), [id]);
  if (problem !== undefined && problem.kind !== 'temporary') return <ProblemNotice problem={problem} />;
  return (
    <>
      <p class="muted under-heading">
        <bdi>{[isOne ? undefined : id, value?.title, value?.advertiser].filter((one) => one != null).join(' · ')}</bdi>
        {!isOne && (
          <>
            {' '}
            <a href={home}>All ads of the campaign</a>
          </>
        )}
      </p>
      <AdView id={id} />
    </>
  );
}

function nameOf({ ad_id, campaign }: SharedView): string {
  return ad_id ?? `Campaign ${campaign}`;
}
