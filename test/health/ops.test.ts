import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openMetrics } from '../../service/health/metrics.ts';
import { check, has } from '../host/tool.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

interface Metric {
  readonly type: string;
  readonly labels: readonly string[];
}

/** The metrics as Prometheus reads them: by name, with the labels that they may have. */
async function readMetrics(): Promise<ReadonlyMap<string, Metric>> {
  const metrics = openMetrics({ counts: () => Promise.reject(new Error('none')) }, 'x');
  const found = new Map<string, Metric>();
  for (const metric of metrics.registry.getMetricsAsArray()) {
    // The types of prom-client leave them out.
    const { name, type, labelNames } = metric as unknown as {
      name: string;
      type: string;
      labelNames: string[];
    };
    found.set(name, { type, labels: labelNames });
  }
  const { body } = await metrics.render();
  expect([...body.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type])).toEqual(
    [...found].map(([name, { type }]) => [name, type]),
  );
  return found;
}

/** The metric that a query names; a histogram has three names. */
function find(metrics: ReadonlyMap<string, Metric>, name: string): Metric | undefined {
  const whole = metrics.get(name);
  if (whole) return whole;
  const histogram = metrics.get(name.replace(/_(bucket|count|sum)$/, ''));
  return histogram?.type === 'histogram' ? histogram : undefined;
}

/** What is wrong with the names and labels of a query. */
function faultsOf(metrics: ReadonlyMap<string, Metric>, query: string): string[] {
  const faults: string[] = [];
  for (const [, name = '', selector = ''] of query.matchAll(
    /\b((?:oven|nodejs|process)_\w+)(?:\{([^}]*)\})?/g,
  )) {
    const metric = find(metrics, name);
    if (metric === undefined) faults.push(`${name} is no metric`);
    for (const [, label = ''] of selector.matchAll(/(\w+)\s*[=!]~?\s*"/g)) {
      const isKnown = ['job', 'instance', 'le'].includes(label) || metric?.labels.includes(label);
      if (!isKnown) faults.push(`${name} has no label ${label}`);
    }
  }
  return faults;
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly { readonly expr: string }[];
}
const panels: readonly Panel[] = JSON.parse(read('ops/grafana-dashboard.json')).panels;

it('docs/metrics.md lists every metric of Oven with its type and labels, and no other', async () => {
  const rows = [...read('docs/metrics.md').matchAll(/^\| `(oven_\w+)` \| (\w+) \|([^|]*)\| \S/gm)];
  const listed = rows.map(([, name, type, labels]) => [name, { type, labels: labels!.match(/\w+/g) ?? [] }]);
  const own = [...(await readMetrics())].filter(([name]) => name.startsWith('oven_'));
  expect(listed).toEqual(own.map(([name, { type, labels }]) => [name, { type, labels: [...labels] }]));
});

it.each(panels.map(({ title, targets }) => [title, targets.map(({ expr }) => expr)] as const))(
  'The panel "%s" of the dashboard asks for metrics and labels that exist',
  async (_title, queries) => {
    const metrics = await readMetrics();
    expect(queries.length).toBeGreaterThan(0);
    for (const query of queries) {
      expect(query).toMatch(/\b(oven|nodejs|process)_/);
      expect(faultsOf(metrics, query)).toEqual([]);
    }
  },
);

it('The panels of the dashboard have numbers of their own and do not overlap', () => {
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
  expect(Math.max(...panels.map(({ gridPos: { x, w } }) => x + w))).toBeLessThanOrEqual(24);
});

it('The rules of Prometheus name metrics and labels that exist, and the test of a wrong name fails', async () => {
  const metrics = await readMetrics();
  expect(faultsOf(metrics, read('ops/prometheus-rules.yml'))).toEqual([]);
  expect(
    faultsOf(metrics, 'oven_bakes{outcome="x"} + oven_alerts_total{slug="x"} + oven_info_bucket'),
  ).toEqual([
    'oven_bakes is no metric',
    'oven_bakes has no label outcome',
    'oven_alerts_total has no label slug',
    'oven_info_bucket is no metric',
  ]);
});

it.skipIf(!has('promtool'))('promtool takes the rules and their tests (skipped without promtool)', () => {
  const folder = join(ROOT, 'ops');
  const rules = join(folder, 'prometheus-rules.yml');
  expect(check('promtool', ['check', 'rules', rules])).toMatchObject({ code: 0 });
  const { code, text } = check('promtool', ['test', 'rules', join(folder, 'prometheus-rules.test.yml')]);
  expect([code, text]).toEqual([0, expect.stringContaining('SUCCESS')]);
});

it.skipIf(!has('promtool'))('promtool takes every query of the dashboard (skipped without promtool)', () => {
  const rules = panels.flatMap(({ id, targets }) =>
    targets.map(({ expr }, index) => ({
      record: `panel:${id}_${index}`,
      expr: expr.replaceAll('$__rate_interval', '5m'),
    })),
  );
  const folder = mkdtempSync(join(tmpdir(), 'oven-ops-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'rules.yml');
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] })); // JSON is YAML
  expect(check('promtool', ['check', 'rules', file])).toMatchObject({ code: 0 });
});
