import { printDetail, printTable } from '@ads/local';
import { whereIs } from '../cores.js';
import { probe } from '../load/probe.js';
import { inRounds, runLoad, warmUp } from '../load/run-load.js';
import type { Part } from '../part.js';
import { Figures, inFigures, Times } from '../statistics.js';
import { checkCounted, startWhole, untilRecorded } from '../tracker.js';

const CONNECTIONS = 64;
const SHARES = [10, 50, 90] as const;
/** The number of probers. Each uses a different ad. */
const PROBERS = 4;

const nameOf = (share: number) => `at_${share}_percent`;

export const freshness: Part = {
  title: 'time from the 202 of a click until analytics counts it',
  ads: 100 + PROBERS,
  async run(stack, { freshness: { rounds, warmSeconds, seconds } }) {
    const { ingest, analytics } = await startWhole(stack);
    const ports = { ingest: ingest.port, analytics: analytics.port };
    const probed = stack.adIds.slice(0, PROBERS);
    const request = { kind: 'click', adIds: stack.adIds.slice(PROBERS) } as const;
    const load = { port: ingest.port, connections: CONNECTIONS, request, status: 202 } as const;
    let clicks = 0;
    // @returns the time when the last click was recorded
    const settle = async (more: number) => {
      clicks += more;
      await untilRecorded(stack, clicks);
      const at = performance.now();
      await checkCounted(stack, clicks);
      return at;
    };

    await settle(await warmUp(load));
    const since = performance.now();
    const { answered } = await runLoad({ ...load, warmSeconds: 0, seconds });
    const whole = (1_000 * answered) / ((await settle(answered)) - since);
    printDetail(`one process of each service, all processes run ${whereIs('anywhere')}`);
    printDetail(
      `the whole tracker handles ${inFigures(whole)} clicks/s, from the first click sent to the last one recorded`,
    );

    const times = new Times();
    const followed = new Figures();
    for (const share of inRounds(SHARES, rounds)) {
      const perSecond = (whole * share) / 100;
      const loading = runLoad({ ...load, perSecond, warmSeconds: 0, seconds: warmSeconds + seconds });
      const probing = async () =>
        [await probe(ports, probed, warmSeconds), await probe(ports, probed, seconds)] as const;
      const [sent, [warm, fresh]] = await Promise.all([loading, probing()]);
      await settle(sent.answered + warm.clicks + fresh.clicks);
      times.add(nameOf(share), fresh);
      followed.add(nameOf(share), fresh.clicks);
    }
    printTable(
      ['load', 'clicks/s', 'p50 ms', 'spread', 'p99 ms', 'spread', 'clicks followed'],
      SHARES.map((share) => [
        ...[`${share} %`, inFigures((whole * share) / 100), ...times.cells(nameOf(share))],
        `${rounds} × ${followed.of(nameOf(share)).median}`,
      ]),
      [],
    );
    return { whole_per_second: Math.round(whole), ...times.medians() };
  },
};
