import fc from 'fast-check';
import { brokenJson, contentTypes, deepJson, hugeJson, oddJson, prototypeKeys, validRequests } from './bodies.js';
import { brokenEncodings, compressedBodies } from './encodings.js';
import { chunks, contentLengths, methods, pipelines, requestLines, smuggling } from './framing.js';
import { brokenHeads, headerFloods, oddHeaders, upgrades } from './headers.js';
import { pathTricks, queries } from './paths.js';
import { repeats } from './repeats.js';
import type { FuzzRequest } from './request.js';
import { halfSent, leavers, mutations, slowlySent, trickles } from './slow.js';

/** Families that are answered at once, with their weights. */
export const quickRequests: fc.Arbitrary<FuzzRequest> = fc.oneof(
  { weight: 12, arbitrary: validRequests },
  { weight: 16, arbitrary: oddJson },
  { weight: 4, arbitrary: prototypeKeys },
  { weight: 3, arbitrary: deepJson },
  { weight: 3, arbitrary: hugeJson },
  { weight: 5, arbitrary: brokenJson },
  { weight: 5, arbitrary: contentTypes },
  { weight: 5, arbitrary: brokenEncodings },
  { weight: 4, arbitrary: compressedBodies },
  { weight: 9, arbitrary: oddHeaders },
  { weight: 3, arbitrary: headerFloods },
  { weight: 4, arbitrary: brokenHeads },
  { weight: 3, arbitrary: upgrades },
  { weight: 9, arbitrary: pathTricks },
  { weight: 9, arbitrary: queries },
  { weight: 5, arbitrary: methods },
  { weight: 5, arbitrary: requestLines },
  { weight: 4, arbitrary: pipelines },
  { weight: 3, arbitrary: smuggling },
  { weight: 6, arbitrary: leavers },
  { weight: 6, arbitrary: fc.oneof(...repeats) },
);

/** Families that wait for a limit of the server, so many of them run concurrently. */
export const slowRequests: fc.Arbitrary<FuzzRequest> = fc.oneof(
  { weight: 4, arbitrary: halfSent },
  { weight: 4, arbitrary: slowlySent },
  { weight: 1, arbitrary: trickles },
  // The server also waits for a body or a chunk that never ends.
  { weight: 4, arbitrary: contentLengths },
  { weight: 4, arbitrary: chunks },
  { weight: 6, arbitrary: mutations },
);
