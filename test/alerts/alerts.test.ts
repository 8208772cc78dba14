import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { type AlertsOptions, startAlerts } from '../../service/alerts/alerts.ts';
import { ALERT_TIMES, type AlertEvent, type AlertState, NO_ALERTS } from '../../service/alerts/state.ts';
import type { AlertStore } from '../../service/alerts/store.ts';
import { until } from '../rig/until.ts';

const EVENT: AlertEvent = {
  kind: 'bake',
  code: 'NOT_A_ZIP',
  slug: 'a-private-name',
  jobId: 'j',
  message: 'No ZIP.',
};

function openStore() {
  let state = NO_ALERTS;
  const store: AlertStore = {
    update: async (change) => {
      const result = change(state);
      state = JSON.parse(JSON.stringify(result.state)) as AlertState;
      return result;
    },
  };
  return { store, state: () => state };
}

/** Alerts that look all the time, and whose failures are due at once. */
function start(store: AlertStore, url: string, more: Partial<AlertsOptions> = {}) {
  const lines: { readonly level: string; readonly words: readonly unknown[] }[] = [];
  const note =
    (level: string) =>
    (...words: unknown[]) =>
      void lines.push({ level, words });
  const alerts = startAlerts({
    target: { url: new URL(url), receiver: 'json' },
    publicUrl: 'https://oven.example',
    store,
    observe: async () => [],
    log: { info: note('info'), warn: note('warn'), error: note('error') } as AlertsOptions['log'],
    host: 'h',
    everyMs: 5,
    times: { ...ALERT_TIMES, collect: 0, retries: [0] },
    ...more,
  });
  onTestFinished(alerts.close);
  return { alerts, lines };
}

async function startReceiver(status: number): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

it('A failure of the last moment waits in the store for the next process', async () => {
  const { store, state } = openStore();
  const { alerts } = start(store, 'http://127.0.0.1:1/', { everyMs: 3_600_000, times: ALERT_TIMES });
  alerts.failed(EVENT);
  await alerts.close();
  expect(Object.values(state().groups)).toMatchObject([{ code: 'NOT_A_ZIP', count: 1 }]);
});

it('An alert that can not be sent stands in the log as an error, with jobs and without names', async () => {
  const { store } = openStore();
  const outcomes: string[] = [];
  const { alerts, lines } = start(store, await startReceiver(500), {
    onSent: (one) => void outcomes.push(one),
  });
  alerts.failed(EVENT);
  const line = await until('it is given up', () => lines.find(({ words }) => words[1] === 'alert given up'));
  expect(line).toMatchObject({
    level: 'error',
    words: [{ alert: { failures: [{ code: 'NOT_A_ZIP', count: 1, jobIds: ['j'] }] } }, 'alert given up'],
  });
  expect(JSON.stringify(lines)).not.toContain(EVENT.slug);
  expect(outcomes).toEqual(['failed', 'failed', 'given up']);
});

it('A look at the service that fails is logged, and the next one comes', async () => {
  const { store } = openStore();
  let looks = 0;
  const observe = async () => {
    looks += 1;
    throw new Error('no look');
  };
  const { lines } = start(store, 'http://127.0.0.1:1/', { observe });
  await until('two looks', () => looks > 1);
  expect(lines[0]).toMatchObject({ level: 'error', words: [{ err: { message: 'no look' } }, 'alerts'] });
});
