import type { Path } from '../shape.js';
import type { Manifest } from './manifests.js';

/** Reports a problem at a path of a manifest. */
export type Report = (manifest: Manifest, path: Path, message: string) => void;

/** Reports a problem at a path from the `spec` of a pod, or from a container. */
export type PodReport = (path: Path, message: string) => void;
