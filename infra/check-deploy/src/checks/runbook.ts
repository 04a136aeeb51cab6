import type { Check } from '../check.js';
import { conditionsOfServices } from '../service-metrics.js';

const FILE = 'infra/monitoring/RUNBOOK.md';

/** The runbook has a row for each condition of `/health`, and no other. */
export const runbook: Check = {
  name: 'conditions in the runbook',
  async run(repository) {
    const declared = await conditionsOfServices();
    const lines = repository.text(FILE).split('\n');
    const rows = lines.flatMap((text, index) => {
      const [, condition] = /^\| `(\w+)` \|/.exec(text) ?? [];
      return condition === undefined ? [] : [{ condition, line: index + 1 }];
    });
    const listed = new Set(rows.map(({ condition }) => condition));
    return {
      problems: [
        ...[...declared]
          .filter((condition) => !listed.has(condition))
          .map((condition) => ({
            file: FILE,
            line: 1,
            message: `has no row for the condition ${condition}`,
          })),
        ...rows
          .filter(({ condition }) => !declared.has(condition))
          .map(({ condition, line }) => ({ file: FILE, line, message: `no service declares ${condition}` })),
      ],
    };
  },
};
