export { adIdsOf } from './ad-ids.js';
export { clicksUntilNow } from './clicks-until-now.js';
export { fillQueue } from './fill-queue.js';
export { fillRollups } from './fill-rollups.js';
export { type Answer, HttpLine } from './http-line.js';
