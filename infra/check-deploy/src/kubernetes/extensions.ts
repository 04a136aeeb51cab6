/*
 * Types of resources outside of Kubernetes itself, with the fields that we use. Another field is an error until it is added
 * here.
 */
import type { LabelSelector, ObjectMeta } from 'kubernetes-types/meta/v1.js';

/** Gateway API 1.0. */
export interface HTTPRoute {
  apiVersion: 'gateway.networking.k8s.io/v1';
  kind: 'HTTPRoute';
  metadata: ObjectMeta;
  spec: {
    parentRefs: { name: string; namespace?: string; sectionName?: string }[];
    hostnames?: string[];
    rules: {
      matches: { path: { type: 'Exact' | 'PathPrefix'; value: string } }[];
      backendRefs: { name: string; port: number }[];
    }[];
  };
}

/** KEDA 2: scales a workload with its queue. */
export interface ScaledObject {
  apiVersion: 'keda.sh/v1alpha1';
  kind: 'ScaledObject';
  metadata: ObjectMeta;
  spec: {
    scaleTargetRef: { apiVersion?: string; kind?: string; name: string };
    minReplicaCount?: number;
    maxReplicaCount?: number;
    triggers: {
      type: 'nats-jetstream';
      metricType?: 'AverageValue' | 'Value';
      metadata: {
        natsServerMonitoringEndpoint: string;
        account: string;
        stream: string;
        consumer: string;
        lagThreshold: string;
      };
    }[];
  };
}

/** Prometheus Operator. */
export interface PodMonitor {
  apiVersion: 'monitoring.coreos.com/v1';
  kind: 'PodMonitor';
  metadata: ObjectMeta;
  spec: {
    jobLabel?: string;
    selector: LabelSelector;
    podMetricsEndpoints: { port: string; path?: string; interval?: string }[];
  };
}

interface Rule {
  record?: string;
  alert?: string;
  expr: string | number;
  for?: string;
  labels?: { [name: string]: string };
  annotations?: { [name: string]: string };
}

export interface PrometheusRule {
  apiVersion: 'monitoring.coreos.com/v1';
  kind: 'PrometheusRule';
  metadata: ObjectMeta;
  spec: { groups: { name: string; interval?: string; rules: Rule[] }[] };
}

interface Kustomize {
  resources?: string[];
  components?: string[];
  namespace?: string;
  labels?: { pairs: { [name: string]: string }; includeSelectors?: boolean }[];
  replicas?: { name: string; count: number }[];
  images?: { name: string; newName?: string; newTag?: string; digest?: string }[];
  patches?: {
    path?: string;
    patch?: string;
    target?: { group?: string; version?: string; kind?: string; name?: string; labelSelector?: string };
  }[];
}

export interface Kustomization extends Kustomize {
  apiVersion: 'kustomize.config.k8s.io/v1beta1';
  kind: 'Kustomization';
}

/** A kustomization that overlays share. */
export interface Component extends Kustomize {
  apiVersion: 'kustomize.config.k8s.io/v1alpha1';
  kind: 'Component';
}
