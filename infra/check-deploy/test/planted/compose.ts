import { compose } from '../../src/checks/compose.js';
import { composeSchema } from '../../src/checks/compose-schema.js';
import { dockerfiles } from '../../src/checks/dockerfiles.js';
import { envExample } from '../../src/checks/env-example.js';
import { queueLimits } from '../../src/checks/queue-limits.js';
import type { Planted } from './planted.js';

const PRODUCTION = { check: compose, file: 'docker-compose.prod.yaml' };
const DOCKERFILE = { check: dockerfiles, file: 'infra/docker/Dockerfile' };

export const COMPOSE: readonly Planted[] = [
  {
    ...PRODUCTION,
    check: composeSchema,
    find: 'mem_limit: 1g',
    replace: 'mem_limits: 1g',
    says: /mem_limits: unknown/,
  },
  { ...PRODUCTION, check: composeSchema, find: 'read_only: true', replace: 'read_only: [true]', says: /must be/ },
  { ...PRODUCTION, find: 'image: postgres:17.6', replace: 'image: postgres:latest', says: /not pinned/ },
  { ...PRODUCTION, find: 'read_only: true', replace: 'read_only: false', says: /root file system can be written/ },
  { ...PRODUCTION, find: 'cap_drop: [ALL]', replace: 'cap_drop: [CHOWN]', says: /has capabilities/ },
  { ...PRODUCTION, find: 'no-new-privileges:true', replace: 'seccomp:unconfined', says: /may gain privileges/ },
  { ...PRODUCTION, find: /(logging:[\s\S]*?)max-size: \w+, /, replace: '$1', at: 'options:', says: /no max-size/ },
  {
    ...PRODUCTION,
    find: 'redis: { condition',
    replace: 'radis: { condition',
    says: /depends on radis, which is not a service/,
  },
  {
    ...PRODUCTION,
    find: 'REDIS_HOST: redis',
    replace: 'REDIS_HOSTNAME: redis',
    says: /no program reads REDIS_HOSTNAME/,
  },
  {
    ...PRODUCTION,
    find: 'networks: [data, monitoring]',
    replace: 'networks: [date]',
    says: /network date is not declared/,
  },
  { ...PRODUCTION, find: /- postgres:\/var/, replace: '- postgras:/var', says: /volume postgras is not declared/ },
  { ...PRODUCTION, find: 'size=128', replace: 'size=200', says: /heap of 200 MB is more than half/ },
  {
    ...PRODUCTION,
    find: /image: redis:\S+\n/,
    replace: '$&    ports: ["6379:6379"]\n',
    at: 'ports:',
    says: /redis: is published/,
  },
  {
    ...PRODUCTION,
    find: /( {2}redis:\n[\s\S]*?)\n\s+mem_limit: \w+/,
    replace: '$1',
    says: /redis: has no limit of memory/,
  },
  { ...PRODUCTION, find: 'memswap_limit: 384m', replace: 'memswap_limit: 768m', says: /redis: may use swap/ },
  {
    ...PRODUCTION,
    find: 'user: redis',
    replace: 'user: redis\n    user: nobody',
    at: 'user: nobody',
    says: /unique/,
  },
  {
    ...PRODUCTION,
    check: dockerfiles,
    find: 'target: analytics',
    replace: 'target: analytic',
    says: /no target analytic/,
  },
  { ...PRODUCTION, check: envExample, find: '${LOG_LEVEL:', replace: '${LOG_LEVELS:', says: /LOG_LEVELS is not in/ },
  {
    ...PRODUCTION,
    check: envExample,
    find: ':-placeholder-of-redis}',
    replace: ':-redis}',
    says: /services accept the default of REDIS_PASSWORD in production/,
  },
  {
    ...PRODUCTION,
    check: queueLimits,
    find: 'NATS_STREAM_MAX_BYTES: "5368709120"',
    replace: 'NATS_STREAM_MAX_BYTES: "9000000000"',
    says: /the limits of all streams add up to 9268435456 bytes/,
  },
  {
    check: queueLimits,
    file: 'infra/nats/jetstream.conf',
    find: /^[\s\S]*max_file_store: 8GiB/,
    replace: 'jetstream {',
    says: /sets no max_file_store/,
  },
  {
    ...PRODUCTION,
    check: queueLimits,
    find: /NATS_STREAM_MAX_BYTES: "5368709120"([\s\S]*)\n {2}nats:\n {2}prometheus:/,
    replace: 'NATS_STREAM_MAX_BYTES: "-1"$1\n  nats:\n  prometheus:',
    says: /NATS_STREAM_MAX_BYTES has no limit/,
  },
  {
    check: dockerfiles,
    file: 'infra/docker/release.hcl',
    find: /^([\s\S]*)target "migrate"/,
    replace: '$1target "migrations"',
    says: /does not publish the image migrate/,
  },
  { ...DOCKERFILE, find: 'USER 1000:1000', replace: 'USER root', says: /runs as root/ },
  { ...DOCKERFILE, find: 'USER 1000:1000', replace: 'USER node', says: /its USER is a name/ },
  {
    ...DOCKERFILE,
    find: 'COPY --from=files /images/migrate /',
    replace: 'COPY infra/postgres/sample-ads.sql /',
    says: /migrate: this layer has the time of the build/,
  },
  {
    ...DOCKERFILE,
    find: 'COPY --from=manifests /app .',
    replace: 'COPY packages packages',
    says: /copies code before the install/,
  },
  {
    ...DOCKERFILE,
    find: /(FROM service AS ingest\n[\s\S]*?) {6}org\.\S+\.description/,
    replace: '$1      description',
    says: /ingest: has no label org.opencontainers.image.description/,
  },
  { ...DOCKERFILE, find: 'CMD ["bundle/main.js"]', replace: 'CMD node bundle/main.js', says: /runs a shell/ },
  { ...DOCKERFILE, find: /NODE=\S+/, replace: 'NODE=node:latest', at: 'FROM --platform', says: /not pinned/ },
  { ...DOCKERFILE, find: 'COPY . .', replace: 'COPY sources .', says: /which does not exist/ },
  {
    ...DOCKERFILE,
    find: 'HEALTHCHECK --interval',
    replace: 'HEALTHCHECK CMD node check.js --interval',
    says: /health check starts node each time/,
  },
  {
    ...PRODUCTION,
    find: /(healthcheck:\s+)test: \[CMD, redis-cli, .*\]/,
    replace: '$1test: [CMD-SHELL, "exec node -e 1"]',
    at: 'test: [CMD-SHELL',
    says: /redis: its health check starts node each time/,
  },
  {
    ...DOCKERFILE,
    find: 'ENV NODE_ENV',
    replace: 'ENV API_TOKEN=x NODE_ENV',
    says: /API_TOKEN is stored in the image/,
  },
];
