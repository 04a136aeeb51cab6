import { actions } from '../../src/checks/actions.js';
import { dashboards } from '../../src/checks/dashboards.js';
import { generated } from '../../src/checks/generated.js';
import { k6Types } from '../../src/checks/k6-types.js';
import { pages } from '../../src/checks/pages.js';
import { prometheusRules } from '../../src/checks/prometheus-rules.js';
import { routes } from '../../src/checks/routes.js';
import { runbook } from '../../src/checks/runbook.js';
import { scrapes } from '../../src/checks/scrapes.js';
import { versions } from '../../src/checks/versions.js';
import type { Planted } from './planted.js';

const RULES = { check: prometheusRules, file: 'infra/monitoring/rules/analytics.yml' };
const DASHBOARD = { check: dashboards, file: 'grafana/dashboards/system-health.json' };

export const OTHERS: readonly Planted[] = [
  {
    check: actions,
    file: '.github/workflows/ci.yaml',
    find: /checkout@\w+ # v4/,
    replace: 'checkout@v4',
    says: /actions\/checkout is not pinned to a commit/,
  },
  {
    check: routes,
    file: 'infra/gateway/routes.conf',
    find: '|health',
    replace: '|metrics|health',
    says: /^\/metrics is routed to ingest; it should be routed to no service/,
  },
  {
    check: routes,
    file: 'infra/gateway/routes.conf',
    find: /map ([\s\S]*)health\|/,
    replace: 'map $1',
    at: 'map',
    says: /^\/health is routed to no service; it should be routed to ingest/,
  },
  {
    check: routes,
    file: 'infra/gateway/routes.conf',
    find: '~^(/api/v1)?/(ads',
    replace: '~*^(/api/v1)?/(ads',
    says: /^\/Ads is routed to ingest; it should be routed to no service/,
  },
  {
    check: routes,
    file: 'infra/gateway/upstreams.conf',
    find: 'server ingest:8080',
    replace: 'server ingest:8081',
    says: /for ingest to port 8081; the service listens on 8080/,
  },
  {
    check: routes,
    file: 'infra/gateway/upstreams.conf',
    find: '8082 resolve',
    replace: '8082',
    says: /keeps the first addresses of analytics/,
  },
  {
    check: runbook,
    file: 'infra/monitoring/RUNBOOK.md',
    find: /^([\s\S]*)\| `newer_events` \|/,
    replace: '$1| `newest_events` |',
    says: /^has no row for the condition newer_events$/,
  },
  {
    check: runbook,
    file: 'infra/monitoring/RUNBOOK.md',
    find: '| `clock_skew` |',
    replace: '| `clock_ahead` |',
    says: /^no service declares clock_ahead$/,
  },
  {
    check: scrapes,
    file: 'infra/monitoring/prometheus.yml',
    find: 'port: 8081',
    replace: 'port: 8080',
    says: /consumer is at consumer:8081/,
  },
  {
    ...RULES,
    find: /(expr: \|[\s\S]*?)http_requests_total/,
    replace: '$1http_request_total',
    says: /no metric http_request_total/,
  },
  {
    ...RULES,
    find: /annotations:[\s\S]*?RUNBOOK.md#/,
    replace: '$&no',
    says: /runbook_url does not match any heading/,
  },
  { ...RULES, find: /alert: (\w+)/, replace: 'alert: $1ly', says: /no test checks that the alert fires/ },
  { ...RULES, find: /labels:(\s*\{?\s*)severity/, replace: 'labels:$1severeness', says: /has no severity/ },
  {
    ...DASHBOARD,
    find: 'nodejs_eventloop_lag_p99_seconds',
    replace: 'nodes_lag_seconds',
    says: /no metric nodes_lag_seconds/,
  },
  {
    ...DASHBOARD,
    find: /\{\s+"type": "stat"[\s\S]*?"unit": "\w+",/,
    replace: '{ "type": "stat", "title": "It", "fieldConfig": { "defaults": {',
    says: /It: has no unit/,
  },
  {
    ...DASHBOARD,
    find: /(\{\s+"expr": "sum by \(job\)[\s\S]*?)\$\{datasource\}/,
    replace: '$1mine',
    says: /queries mine instead of the selected datasource/,
  },
  { check: generated, file: DASHBOARD.file, find: '"refresh": "', replace: '"refresh": "1', says: /is outdated/ },
  {
    check: generated,
    file: 'services/CONFIGURATION.md',
    find: '| `60000` |',
    replace: '| `70000` |',
    says: /is outdated/,
  },
  {
    check: k6Types,
    file: 'infra/k6/load-test.js',
    find: "'constant-arrival-rate'",
    replace: "'constant-arrivals'",
    says: /constant-arrivals/,
  },
  {
    check: versions,
    file: 'docker-compose.prod.yaml',
    find: 'ADS_VERSION:-',
    replace: 'ADS_VERSION:-9',
    says: /^has the version 9\d+\.[\d.]+, but package\.json has \d/,
  },
  {
    check: versions,
    file: 'k8s/base/50-ingest.yaml',
    find: /ads-metric-tracker\/ingest:[\d.]+/,
    replace: 'ads-metric-tracker/ingest:0.0.1',
    says: /^has the version 0\.0\.1/,
  },
  {
    check: versions,
    file: 'CHANGELOG.md',
    find: /^## \[\d.*$/m,
    replace: '## [0.0.1] - 2026-01-01',
    says: /^has the version 0\.0\.1/,
  },
  { check: pages, file: 'README.md', find: 'npm run chaos', replace: 'npm run chaotic', says: /no such script/ },
  {
    check: pages,
    file: 'k8s/README.md',
    find: '-k k8s/overlays/production\nkubectl',
    replace: '-k k8s/overlays/product\nkubectl',
    says: /k8s\/overlays\/product does not exist/,
  },
  {
    check: pages,
    file: 'packages/GLOSSARY.md',
    find: '(http/decisions/0001-fast',
    replace: '(http/decisions/0009-fast',
    says: /names a file that does not exist/,
  },
  { check: pages, file: 'infra/k6/README.md', find: '`journal.js`', replace: '`books.js`', says: /no file books.js/ },
];
