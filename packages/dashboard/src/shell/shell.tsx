import { useEffect, useRef } from 'preact/hooks';
import { apiKey } from '../api/key.js';
import { addressOf } from './addresses.js';
import { isOnline, link } from './connection.js';
import { HealthLine } from './health.js';
import { KeyDialog, openKeyDialog } from './key-dialog.js';
import { Mark } from './mark.js';
import { go, segments } from './router.js';
import { UnsavedDialog } from './unsaved.js';
import { LINKED_VIEWS, viewOf } from './views.js';

/** The page: navigation, state of the connection, and the view that the address names. */
export function Shell() {
  const path = segments.value;
  const view = viewOf(path);
  const heading = useRef<HTMLHeadingElement>(null);
  const isFirst = useRef(true);
  const name = path.join('/');

  useEffect(() => {
    if (path.length === 0) go(addressOf(['now']), true);
  }, [name]);
  useEffect(() => {
    const parts = [view.partOf?.(path), view.titleOf(path), 'Ads Metric Tracker'];
    document.title = parts.filter((part) => part !== undefined).join(' · ');
    // With the focus on it, screen readers read the new view. They read the first view of a page without it.
    if (!isFirst.current) heading.current?.focus();
    isFirst.current = false;
  }, [name]);

  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="bar">
        <a class="brand" href={addressOf(['now'])}>
          <Mark />
          <span>Ads Metric Tracker</span>
        </a>
        <nav aria-label="Views">
          {LINKED_VIEWS.map((one) => (
            <a
              key={one.path}
              href={addressOf([one.path])}
              {...(one.path === (view.under ?? view.path) ? { 'aria-current': 'page' as const } : {})}
            >
              {one.label}
            </a>
          ))}
          <a href="/swagger/index.html">API</a>
        </nav>
        <div class="bar-end">
          <LinkState />
          <button type="button" class="button" onClick={openKeyDialog}>
            {apiKey.value === '' ? 'Enter key' : 'API key'}
          </button>
        </div>
      </header>
      <HealthLine />
      <main id="main" tabIndex={-1}>
        <h1 ref={heading} tabIndex={-1}>
          {view.titleOf(path)}
        </h1>
        <view.component key={path[0]} path={path} />
      </main>
      <KeyDialog />
      <UnsavedDialog />
    </>
  );
}

const LINK_NAMES = {
  connecting: 'Connecting',
  live: 'Live',
  waiting: 'Reconnecting',
  refused: 'Not connected',
  paused: 'Paused',
} as const;

function LinkState() {
  if (link.value === undefined) return null;
  const state = isOnline.value ? link.value : 'waiting';
  return (
    <span class={`link is-${state}`} role="status">
      {isOnline.value ? LINK_NAMES[state] : 'Offline'}
    </span>
  );
}
