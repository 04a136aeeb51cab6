import { formatCount, formatRate } from '../format/numbers.js';
import { Bar } from '../parts/bar.js';
import { Loaded } from '../parts/states.js';
import { FUNNEL, funnelOf } from './funnel.js';
import { type AdPartProps, useTotals } from './read-totals.js';

const QUERY = { metrics: FUNNEL.map(([name]) => name).join() };

/** How many viewers see how much of the video. */
export function Funnel(props: AdPartProps) {
  const reading = useTotals(props, QUERY);
  return (
    <section class="card">
      <h2>How much is watched</h2>
      <Loaded reading={reading}>
        {({ rows: [row = { final: false }] }) => (
          <table class="bars">
            <thead>
              <tr>
                <th scope="col">Step</th>
                <th scope="col" class="number">
                  Videos
                </th>
                <th scope="col" class="number">
                  Of started
                </th>
              </tr>
            </thead>
            <tbody>
              {funnelOf(row).map(({ label, count, ofStarts, length }) => (
                <tr key={label}>
                  <th scope="row">
                    <Bar length={length}>{label}</Bar>
                  </th>
                  <td class="number">{formatCount(count)}</td>
                  <td class="number">{formatRate(ofStarts)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Loaded>
    </section>
  );
}
