import { CHART_VALUES, chartFiles } from '../chart/chart-files.js';
import { WrongDefault } from '../chart/template.js';
import type { Check } from '../check.js';
import type { Problem } from '../problem.js';
import type { Repository } from '../repository.js';
import { outdatedFiles } from './generated.js';

/** The templates of the Helm chart are those of the manifests, and its defaults are what the manifests have. */
export const chartTemplates: Check = {
  name: 'templates of the Helm chart',
  run: checkTemplates,
};

function checkTemplates(repository: Repository): Problem[] {
  try {
    return outdatedFiles(repository, chartFiles(repository));
  } catch (error) {
    if (!(error instanceof WrongDefault)) throw error;
    const [values] = repository.yaml(CHART_VALUES).documents;
    return values === undefined ? [] : [values.problem(error.path, error.message)];
  }
}
