import { setTimeout as delay } from 'node:timers/promises';
import { ask } from './api.ts';
import { CommandError } from './error.ts';
import { renderDrain, renderHealth, renderJob, renderPurged } from './render.ts';

interface Options {
  readonly json?: true;
}

interface DrainOptions extends Options {
  readonly all?: true;
  readonly off?: true;
  readonly wait: boolean;
  /** In seconds. */
  readonly timeout?: number;
}

const POLL_MS = 500;

/** `oven status [JOB]`. Exit code 1 for a service that is not healthy; a failed job is no error of the command. */
export async function showStatus(job: string | undefined, options: Options): Promise<void> {
  if (job !== undefined) {
    const { body } = await ask(`/status/${encodeURIComponent(job)}`);
    return print(body, options, () => renderJob(body));
  }
  const [health, work] = await Promise.all(
    ['/health', '/health/work'].map((path) => ask(path, { also: [503] })),
  );
  const all = { ...health!.body, work: work!.body };
  print(all, options, () => renderHealth(all));
  if (health!.status !== 200 || work!.status !== 200) process.exitCode = 1;
}

const PATHS = { retry: 'retry', cancel: 'cancel', replay: 'replay-callback' };
const RESULTS = {
  retry: 'is in the queue again',
  cancel: 'was told to stop',
  replay: 'has its callback sent again',
};

/** `oven retry|cancel|replay JOB`. */
export async function changeJob(name: keyof typeof PATHS, job: string, options: Options): Promise<void> {
  const path = `/jobs/${encodeURIComponent(job)}/${PATHS[name]}`;
  const { body } = await ask(path, { method: 'POST', secured: true });
  print(body, options, () => `${body.jobId} ${RESULTS[name]}\n${body.statusUrl}`);
}

/** `oven purge SLUG`. */
export async function purge(slug: string, options: Options): Promise<void> {
  const { body } = await ask(`/tapes/${encodeURIComponent(slug)}`, { method: 'DELETE', secured: true });
  print(body, options, () => renderPurged(body));
}

/** `oven drain`: waits until the service has nothing to do. Every request tells it to drain again, in case it has restarted. */
export async function drain(options: DrainOptions): Promise<void> {
  const { all, off, wait, timeout = Number.POSITIVE_INFINITY } = options;
  const deadline = performance.now() + timeout * 1000;
  const say = (text: string) => options.json || process.stderr.write(`${text}\n`);
  for (let said = ''; ; await delay(POLL_MS)) {
    const { body } = await ask(all && !off ? '/drain?scope=all' : '/drain', {
      method: off ? 'DELETE' : 'POST',
      secured: true,
    });
    const text = renderDrain(body);
    if (off || !wait || body.idle) return print(body, options, () => text);
    if (text !== said) say(text);
    said = text;
    if (performance.now() >= deadline) {
      throw new CommandError(`the service still has something to do after ${timeout} s: ${text}`);
    }
  }
}

function print(body: unknown, { json }: Options, render: () => string): void {
  process.stdout.write(`${json ? JSON.stringify(body, null, 2) : render()}\n`);
}
