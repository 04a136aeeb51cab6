import { describe, expect, it } from '@jest/globals';
import { newest, slotsServed, type Topology, toTopology } from '../src/redis/redis-topology.js';

const INFO = 'cluster_state:ok\r\ncluster_current_epoch:7\r\n';
const here = { host: 'here', port: 1 };

describe('toTopology', () => {
  it('joins and sorts slot ranges, however the node splits them', () => {
    const one = toTopology(INFO, [[0, 16383, ['a', 1, 'id'], ['b', 2, 'id']]], here);
    const cut = toTopology(
      INFO,
      [
        [100, 16383, ['a', 1, 'id', ['hostname', 'x']], ['b', 2, 'id', []]],
        [0, 99, ['a', 1, 'id', []], ['b', 2, 'id', []]],
      ],
      here,
    );
    expect(cut).toEqual(one);
    expect(one).toEqual({
      primaries: [{ host: 'a', port: 1, ranges: [[0, 16383]] }],
      nodes: [
        { host: 'a', port: 1 },
        { host: 'b', port: 2 },
      ],
      ok: true,
      epoch: 7,
    });
    expect(slotsServed(one)).toBe(16_384);
  });

  it.each([null, '', '?'])('uses the address at which the node was reached if the node sends %s', (host) => {
    const { primaries } = toTopology(INFO, [[0, 99, [host, 7000, 'id']]], here);
    expect(primaries).toEqual([{ host: 'here', port: 7000, ranges: [[0, 99]] }]);
  });
});

it('newest prefers the view of a node whose cluster works, then the highest epoch', () => {
  const view = (ok: boolean, epoch: number): Topology => ({ primaries: [], nodes: [], ok, epoch });
  expect(newest([view(true, 3), view(false, 9), view(true, 5), view(true, 4)])).toEqual(view(true, 5));
  expect(newest([view(false, 3), view(false, 9)])).toEqual(view(false, 9));
  expect(newest([])).toBeUndefined();
});
