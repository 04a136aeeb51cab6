import { findExecutables, type StandAloneRun } from '@ads/local';
import type { Check } from '../check.js';
import { findEmptyPanels } from '../live/empty-panels.js';

/** Every query of every panel shows something, and a number, while the tracker runs under load. */
export function livePanels({ folder, onEnd }: StandAloneRun): Check {
  return {
    name: 'dashboards on a live stack',
    async run(repository) {
      const dashboards = repository.files('grafana/dashboards', /\.json$/);
      const { prometheus } = await findExecutables(['prometheus']);
      if (prometheus.kind === 'missing') return { problems: [], skipped: [prometheus.reason] };
      if (prometheus.kind === 'docker') return { problems: [], skipped: ['Prometheus is not installed'] };
      return {
        problems: await findEmptyPanels({ root: repository.root, folder, executable: prometheus }, dashboards, onEnd),
      };
    },
  };
}
