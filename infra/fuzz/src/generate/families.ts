import fc from 'fast-check';
import { brokenJson, contentTypes, deepJson, hugeJson, oddJson, prototypeKeys, validRequests } from './bodies.js';
import { bombs } from './bombs.js';
import { weighted } from './choices.js';
import { brokenEncodings, compressedBodies } from './encodings.js';
import { everNew } from './ever-new.js';
import { chunks, contentLengths, methods, pipelines, requestLines, smuggling } from './framing.js';
import { brokenHeads, headerFloods, oddHeaders, upgrades } from './headers.js';
import { pathTricks, queries } from './paths.js';
import { repeats } from './repeats.js';
import type { FuzzRequest } from './request.js';
import { halfSent, leavers, mutations, slowlySent, trickles } from './slow.js';
import { documents, links, pixels } from './tags.js';

/** Generates requests of the families that are answered at once, by weight. */
export const quickRequests: fc.Arbitrary<FuzzRequest> = weighted(
  [12, validRequests],
  [16, oddJson],
  [4, prototypeKeys],
  [3, deepJson],
  [3, hugeJson],
  [5, brokenJson],
  [5, contentTypes],
  [5, brokenEncodings],
  [3, compressedBodies],
  [1, fc.oneof(...bombs)],
  [9, oddHeaders],
  [3, headerFloods],
  [4, brokenHeads],
  [3, upgrades],
  [9, pathTricks],
  [9, queries],
  [9, pixels],
  [9, links],
  [5, documents],
  [24, everNew],
  [5, methods],
  [5, requestLines],
  [4, pipelines],
  [3, smuggling],
  [6, leavers],
  [6, fc.oneof(...repeats)],
);

/** Generates requests that wait for a timeout of the server, so many of them run concurrently. */
export const slowRequests: fc.Arbitrary<FuzzRequest> = weighted(
  [4, halfSent],
  [4, slowlySent],
  [1, trickles],
  // The server also waits for a body or a chunk that never ends.
  [4, contentLengths],
  [4, chunks],
  [6, mutations],
);
