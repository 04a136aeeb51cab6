import type { Check } from '../check.js';
import { conditionsOfServices } from '../service-metrics.js';
import { matchesIn } from '../shape.js';

const FILE = 'infra/monitoring/RUNBOOK.md';

/** The runbook has a row for each condition of `/health`, and no other. */
export const runbook: Check = {
  name: 'conditions in the runbook',
  async run(repository) {
    const declared = await conditionsOfServices();
    const rows = matchesIn(repository.text(FILE), /^\| `(\w+)` \|/gm);
    const missing = [...declared].filter((condition) => !rows.some(({ groups }) => groups[1] === condition));
    return [
      ...missing.map((condition) => ({ file: FILE, line: 1, message: `has no row for the condition ${condition}` })),
      ...rows
        .filter(({ groups: [, condition = ''] }) => !declared.has(condition))
        .map(({ groups: [, condition], line }) => ({ file: FILE, line, message: `no service declares ${condition}` })),
    ];
  },
};
