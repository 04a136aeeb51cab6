export { type AdminClients, openAdminClients } from './admin-clients.js';
export { Environment, UNLIMITED } from './environment.js';
export { compareAnswers } from './exactness/answers.js';
export { type Comparison, compare, compareServed, compareStored } from './exactness/compare.js';
export { compareCounters, differences, readLedger } from './exactness/counters.js';
export { compareLive } from './exactness/live.js';
export { compareReports, reportsUntil } from './exactness/reports.js';
export { compareRollups, EVENT_TABLES } from './exactness/rollups.js';
export { changedVerdicts, compareRows, countLost, type Row, readRows } from './exactness/rows.js';
export {
  ACCEPTED,
  type Acknowledged,
  type AdViewer,
  eventKey,
  Journal,
  type Outcomes,
  REDIRECTED,
  type Report,
} from './journal.js';
export { adIdsOf, clicksUntilNow, fillQueue, viewersUntilNow, viewsUntilNow } from './load/fill-queue.js';
export { fillRollups } from './load/fill-rollups.js';
export type { GroupSettings, Page } from './load/group.js';
export { HttpLine } from './load/http-line.js';
export { Load } from './load/load.js';
export { type RequestSettings, requestMaker } from './load/requests.js';
export { anyText, flag, namesOf, type OptionValues, parseOptions, wholeNumber } from './options.js';
export { type LiveData, type LiveEvent, type LiveReader, openLiveReader } from './players/live-reader.js';
export { type Players, startPlayers } from './players/players.js';
export { randomKind, regularReport, TAGS } from './players/reports.js';
export { send } from './players/send.js';
export { tagReport } from './players/tags.js';
export { AnsweredCounts, startViewers, type Viewers } from './players/viewers.js';
export { type Random, seededRandom } from './random.js';
export { type OpenServers, type Servers, singleServers } from './servers.js';
export { type AdAnswer, askAnalytics, readMetrics, untilFromRedis, untilHealthy } from './service-answers.js';
export { ServiceSlot, type SlotName } from './service-slot.js';
