import { changeOf, formatChange } from '../format/numbers.js';
import { Tile } from '../parts/tile.js';
import { metricOf } from './metrics.js';
import type { Periods } from './read-report.js';

const NAMES = ['clicks', 'impressions', 'ctr', 'completion_rate'] as const;

/** The numbers of the whole report, with those of the period before. */
export function TotalTiles({ now, before }: Periods) {
  return (
    <div class="tiles">
      {NAMES.map((name) => {
        const { label, format } = metricOf(name);
        const [value, old] = [now.totals[name], before?.totals[name]];
        const details =
          before === undefined
            ? []
            : ([
                ['Before', format(old)],
                ['Change', formatChange(changeOf(value, old))],
              ] as const);
        return <Tile key={name} label={label} value={format(value)} details={details} />;
      })}
    </div>
  );
}
