import { bytesOf } from '../containers.js';
import { JETSTREAM_FILE, queueProblems } from '../queue-limits.js';
import { fields, placesAt, text } from '../shape.js';
import type { Manifest, Rule } from './manifests.js';

/** Checks that the streams fit into JetStream, and JetStream into its volume. */
export const queueLimitsOf: Rule = function* (manifest, all) {
  if (manifest.kind !== 'ConfigMap') return;
  const withKey = (key: string) =>
    all.filter(({ kind, value }) => kind === 'ConfigMap' && key in fields(value, 'data'));
  const limits = withKey('NATS_STREAM_MAX_BYTES');
  for (const server of withKey(JETSTREAM_FILE)) {
    // Without a ConfigMap the defaults of the services apply.
    for (const services of limits.length > 0 ? limits : [server]) {
      const problems = queueProblems({
        settings: text(server.value, 'data', JETSTREAM_FILE),
        limitOf: (name) => text(services.value, 'data', name),
        volume: volumeOf(all, server.name),
      });
      for (const { key, message } of problems) {
        if (manifest === (key === JETSTREAM_FILE ? server : services)) yield [['data', key], message];
      }
    }
  }
};

/** The size of the volume of the StatefulSet that uses these settings; undefined where it is not known. */
function volumeOf(all: readonly Manifest[], configMap: string): number | undefined {
  const server = all.find(
    ({ kind, pod }) =>
      kind === 'StatefulSet' &&
      placesAt(pod?.spec, 'volumes', '*', 'configMap', 'name').some(({ value }) => value === configMap),
  );
  const size = text(server?.value, 'spec', 'volumeClaimTemplates', 0, 'spec', 'resources', 'requests', 'storage');
  return size === '' ? undefined : bytesOf(size);
}
