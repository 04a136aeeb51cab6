import { bytesOf, JETSTREAM_FILE, queueProblems } from '../queue-limits.js';
import { fields, items, text } from '../shape.js';
import type { Manifest } from './manifests.js';
import type { Report } from './report.js';

/** The streams fit into JetStream, and JetStream into its volume. */
export function checkQueue(manifests: readonly Manifest[], report: Report): void {
  const configMaps = manifests.filter(({ kind }) => kind === 'ConfigMap');
  const limits = configMaps.filter((one) => 'NATS_STREAM_MAX_BYTES' in dataOf(one));
  for (const server of configMaps.filter((one) => JETSTREAM_FILE in dataOf(one))) {
    const settings = text(dataOf(server)[JETSTREAM_FILE]);
    const volume = volumeOf(manifests, server.name);
    // Without a ConfigMap the defaults of the services apply.
    for (const services of limits.length > 0 ? limits : [server]) {
      const limitOf = (name: string) => text(dataOf(services)[name]);
      for (const { at, message } of queueProblems({ settings, limitOf, volume })) {
        if (at === 'settings') report(server, ['data', JETSTREAM_FILE], message);
        else report(services, ['data', at], message);
      }
    }
  }
}

function dataOf({ document }: Manifest): Readonly<Record<string, unknown>> {
  return fields(document.value, 'data');
}

/** The size of the volume of the StatefulSet that uses these settings. */
function volumeOf(manifests: readonly Manifest[], configMap: string): number | undefined {
  const server = manifests.find(
    ({ kind, document: { value } }) =>
      kind === 'StatefulSet' &&
      items(value, 'spec', 'template', 'spec', 'volumes').some((one) => text(one, 'configMap', 'name') === configMap),
  );
  const [claim] = items(server?.document.value, 'spec', 'volumeClaimTemplates');
  const size = text(claim, 'spec', 'resources', 'requests', 'storage');
  return size === '' ? undefined : bytesOf(size);
}
