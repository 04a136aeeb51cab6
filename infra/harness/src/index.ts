export { adIdsOf } from './load/ad-ids.js';
export { clicksUntilNow } from './load/clicks-until-now.js';
export { fillQueue } from './load/fill-queue.js';
export { fillRollups } from './load/fill-rollups.js';
export { type Answer, HttpLine } from './load/http-line.js';
export { flag, namesOf, type OptionValues, parseOptions, wholeNumber } from './options.js';
export { type Random, seededRandom } from './random.js';
