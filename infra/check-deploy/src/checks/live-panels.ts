import type { StandAloneRun } from '@ads/local';
import type { Check } from '../check.js';
import { findEmptyPanels } from '../live/empty-panels.js';
import { panelQueries } from '../live/panel-queries.js';
import { findServer } from '../tools.js';

/** Every query of every panel returns a number while the tracker runs under load. */
export function livePanels({ folder, onEnd }: StandAloneRun): Check {
  return {
    name: 'dashboards on a live stack',
    async run(repository) {
      const executable = await findServer('prometheus');
      if ('missing' in executable) return { skipped: executable.missing };
      const dashboards = repository.files('grafana/dashboards', /\.json$/);
      const queries = dashboards.flatMap((file) => repository.yaml(file).documents).flatMap(panelQueries);
      return findEmptyPanels({ root: repository.root, folder, executable }, queries, onEnd);
    },
  };
}
