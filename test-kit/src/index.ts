/** Everything that the test kit offers, name by name. */
export { type Alertmanager, PEER_TIMEOUT_MS, startAlertmanager } from './alertmanager.js';
export { type ChromiumProgram, findChromium } from './chromium.js';
export { environmentWithPackages, fetchAptPackage } from './apt-package.js';
export { describeProcess } from './describe-process.js';
export { type DebianPostgres, startDebianPostgres } from './debian-postgres.js';
export { type Dnsmasq, type NameRecords, startDnsmasq } from './dnsmasq.js';
export { type NameAnswer, type NameServer, startNameServer } from './name-server.js';
export { pageOfSections, sectionsOf } from './page-sections.js';
export { type PgBouncer, type PgBouncerOptions, startPgBouncer } from './pgbouncer.js';
export { type PostgresServer, startPostgres } from './postgres.js';
export {
  type Prometheus,
  type PrometheusOptions,
  type PromtoolResult,
  runPromtool,
  type PrometheusSeries,
  startPrometheus,
  startVictoriaMetrics,
} from './prometheus.js';
export type { Fault, FaultOptions } from './fault.js';
export { flood, type Flood } from './flood.js';
export { type Proxy, startProxy } from './proxy.js';
export { messageData, type ReceivedMessage, type TestReceiver, startReceiver, typesOf } from './receiver.js';
export { type RedisServer, startRedis, type StartRedisOptions } from './redis.js';
export { type RedisCluster, startRedisCluster } from './redis-cluster.js';
export { type RedisSentinel, startRedisSentinel } from './redis-sentinel.js';
export {
  type ProxyCertificate,
  makeCertificate,
  type ReverseProxy,
  type ReverseProxyOptions,
  startHaproxy,
  startNginx,
} from './reverse-proxy.js';
export { type Run, runScript } from './run-script.js';
export { isRunning } from './signals.js';
export { makeReleaseKeys, type ReleaseKeys, releaseHash, signRelease } from './signed-release.js';
export { throughPort } from './through-port.js';
export { waitFor } from './wait.js';
