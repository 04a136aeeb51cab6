export * from './ad-catalogue.js';
export { type AdListing, createAdLookUp, type Listing } from './ad-look-up.js';
export * from './audit-counters.js';
export * from './backfill.js';
export { createClockCache } from './clock-cache.js';
export * from './counts.js';
export {
  buildDays,
  DAY_QUARTERS,
  type DaysStep,
  wantDays,
} from './days.js';
export * from './dependencies.js';
export * from './doubts.js';
export * from './erase.js';
export { gateRulesInForce } from './gate.js';
export * from './identity.js';
export type { GateRules } from './judge-clicks.js';
export * from './key-ring.js';
export * from './ledger.js';
export * from './manage-ads.js';
export * from './manage-keys.js';
export * from './manage-shares.js';
export * from './migrate.js';
export { openKeyRing } from './open-key-ring.js';
export * from './partitions.js';
export * from './prune.js';
export * from './read-ads-page.js';
export * from './read-catalogue.js';
export * from './rebuild.js';
export type { InvalidEvents } from './record.js';
export * from './recount.js';
export * from './retention.js';
export * from './retired.js';
export * from './rules-register.js';
export { awaitSchema } from './schema.js';
export * from './script.js';
export * from './served-ads.js';
export * from './shards.js';
export { startCatalogue } from './start-catalogue.js';
export * from './trust.js';
export * from './viewer-salts.js';
