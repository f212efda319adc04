import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metricsText, type MetricsFormat } from '../../../src/http/formats/openmetrics.js';
import { PROBLEMS } from '../../../src/problems.js';
import { BROKEN_SNAPSHOT, HEALTHY_SNAPSHOT } from './snapshots.js';

const FORMATS: readonly MetricsFormat[] = ['openmetrics', 'prometheus'];

test('the pool by OpenTelemetry’s names, the verdict as three gauges, every code of the catalogue', () => {
  for (const format of FORMATS) {
    const lines = metricsText(HEALTHY_SNAPSHOT, 'healthy', format).split('\n');
    for (const line of [
      'portal_health_status{status="healthy"} 1',
      'portal_health_status{status="degraded"} 0',
      'portal_health_up{part="database"} 1',
      'portal_health_latency_seconds{part="cache"} 0.001234',
      'portal_health_start_time_seconds 1772323200',
      'db_client_connections{db_client_connection_pool_name="database",db_client_connection_state="idle"} 18',
      'db_client_connections{db_client_connection_pool_name="database",db_client_connection_state="used"} 2',
      'db_client_connection_max{db_client_connection_pool_name="database"} 20',
      'db_client_connection_pending_requests{db_client_connection_pool_name="database"} 0',
      'portal_cache_hit_ratio 0.962',
      'portal_cache_commands_processed_total 75000',
    ]) {
      assert.ok(lines.includes(line), line);
    }
    const codes = lines.filter((line) => line.startsWith('portal_health_problem{'));
    assert.equal(codes.length, Object.keys(PROBLEMS).length);
  }
});

test('what was not measured has no sample and no header, and problems that hold are 1', () => {
  for (const format of FORMATS) {
    const text = metricsText(BROKEN_SNAPSHOT, 'unhealthy', format);
    assert.ok(!/portal_cache_|db_client_/.test(text), 'no figures of pool and cache');
    assert.ok(!/null|NaN|undefined/.test(text));
    assert.ok(text.includes('portal_health_problem{code="DATABASE_TIMEOUT"} 1\n'));
    assert.ok(text.includes('portal_health_problem{code="CACHE_TIMEOUT"} 0\n'));
    assert.ok(text.includes('portal_health_up{part="cache"} 0\n'));
    assert.ok(text.includes('portal_health_up{part="queue"} 1\n'), 'slow is up');
  }
});

test('OpenMetrics names families without _total, gives units and ends with # EOF; the older text does neither', () => {
  const open = metricsText(HEALTHY_SNAPSHOT, 'healthy', 'openmetrics');
  assert.ok(open.endsWith('\n# EOF\n'));
  assert.ok(open.includes('# TYPE portal_cache_evicted_keys counter\n'));
  assert.ok(open.includes('# UNIT portal_health_latency_seconds seconds\n'));
  const old = metricsText(HEALTHY_SNAPSHOT, 'healthy', 'prometheus');
  assert.ok(!old.includes('# EOF') && !old.includes('# UNIT'));
  assert.ok(old.includes('# TYPE portal_cache_evicted_keys_total counter\n'));
  for (const text of [open, old]) {
    for (const [, family, unit] of text.matchAll(/# UNIT (\S+) (\S+)/g))
      assert.ok(family?.endsWith(`_${unit}`));
  }
});
