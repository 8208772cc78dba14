import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Oven, startOven } from '../../scripts/demo/oven.ts';
import { openSite, type Site } from '../../scripts/demo/site.ts';
import { makeTape, type TapeSpec } from '../../test/tapes/make.ts';

/** Variables of the service beside the required ones. */
export type Env = Readonly<Record<string, string>>;

/** A whole service, with the tapes of one benchmark. */
export interface TestService {
  readonly oven: Oven;
  readonly site: Site;
  /** The file of each tape, by its name. */
  readonly tapes: Readonly<Record<string, string>>;
}

/** The response to one POST /bake. */
export interface Posted {
  readonly slug: string;
  readonly status: number;
  readonly ms: number;
  readonly jobId: string | undefined;
  /** Seconds of the header Retry-After; undefined where it is missing. */
  readonly retryAfter: number | undefined;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs `work` with a service, and ends the service afterwards, whatever happens. */
export async function withTestService<T>(
  specs: Readonly<Record<string, TapeSpec>>,
  env: Env,
  work: (testService: TestService) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-service-'));
  try {
    const tapes = Object.fromEntries(Object.keys(specs).map((name) => [name, join(folder, `${name}.zip`)]));
    for (const [name, spec] of Object.entries(specs)) await makeTape(tapes[name]!, spec);
    return await withTestServices(tapes, [{ env }], ([testService]) => work(testService!));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Runs `work` with several services, which share one site, and ends them afterwards. `tapes` are files. A service may be that of another
 * checkout of Oven.
 */
export async function withTestServices<T>(
  tapes: Readonly<Record<string, string>>,
  services: readonly { readonly env: Env; readonly checkout?: string }[],
  work: (testServices: readonly TestService[]) => Promise<T>,
): Promise<T> {
  // Ctrl-C ends the services too.
  const interruption = Promise.withResolvers<never>();
  interruption.promise.catch(() => {});
  const interrupt = (signal: string) => interruption.reject(new Error(`stopped by ${signal}`));
  for (const signal of SIGNALS) process.on(signal, interrupt);
  const site = await openSite(tapes);
  const ovens: Oven[] = [];
  try {
    for (const { env, ...more } of services) {
      const all = { LOG_LEVEL: 'info', ...env };
      ovens.push(await startOven({ callbackSecret: site.secret, site: site.url, env: all, ...more }));
    }
    return await Promise.race([work(ovens.map((oven) => ({ oven, site, tapes }))), interruption.promise]);
  } finally {
    for (const signal of SIGNALS) process.off(signal, interrupt);
    for (const oven of ovens) await oven.stop();
    await site.close();
  }
}

/** Asks for bakes at once, and gives the seconds until the callback of the last one. Throws where one failed. */
export async function secondsToCallbacks(
  testService: TestService,
  tapes: readonly string[],
  name: string,
): Promise<number> {
  const started = performance.now();
  const slugs = tapes.map((tape, n) => `${name}-${n}-${tape}`);
  await Promise.all(tapes.map((tape, n) => post(testService, tape, slugs[n]!)));
  const calls = await waitForCallbacks(testService, slugs, 120 * tapes.length);
  const failed = calls.find(({ mp4Url }) => mp4Url === undefined);
  if (failed) throw new Error(`${failed.slug} failed: ${failed.error?.code}`);
  return (performance.now() - started) / 1000;
}

/** Asks for a bake, and measures the time to the last byte of the response. */
export async function post({ oven, site }: TestService, tape: string, slug: string): Promise<Posted> {
  const body = JSON.stringify(site.request(tape, slug));
  const started = performance.now();
  const response = await fetch(`${oven.url}/bake`, {
    method: 'POST',
    body,
    headers: { 'Content-Type': 'application/json' },
  });
  const { jobId } = (await response.json()) as { jobId?: string };
  const retryAfter = response.headers.get('retry-after');
  return {
    slug,
    status: response.status,
    ms: performance.now() - started,
    jobId,
    retryAfter: retryAfter === null ? undefined : Number(retryAfter),
  };
}

/** The status of a job, by GET /status. */
export interface Status {
  readonly status: string;
  readonly timings: { readonly queuedAt: number; readonly startedAt?: number; readonly finishedAt?: number };
}

export async function statusOf({ oven }: TestService, jobId: string): Promise<Status> {
  return (await (await fetch(`${oven.url}/status/${jobId}`)).json()) as Status;
}

/** Waits for the verified callbacks of slugs. Throws after `seconds`. */
export async function waitForCallbacks({ site }: TestService, slugs: readonly string[], seconds: number) {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const error = () =>
      new Error(`${site.counts.verified} of ${slugs.length} callbacks came within ${seconds} s`);
    timer = setTimeout(() => reject(error()), seconds * 1000);
  });
  try {
    return await Promise.race([Promise.all(slugs.map((slug) => site.called(slug))), late]);
  } finally {
    clearTimeout(timer);
  }
}
