// Answers of the API as text for people.

interface Reasons {
  readonly status: string;
  readonly reasons?: readonly { readonly code: string; readonly message: string }[];
}

interface Job {
  readonly jobId: string;
  readonly slug: string;
  readonly status: string;
  readonly progress: number;
  readonly timings: { readonly queuedAt: number; readonly startedAt?: number; readonly finishedAt?: number };
  readonly error?: { readonly code: string; readonly message: string };
  readonly result?: { readonly outputs: Readonly<Record<string, string>> };
  readonly callback: { delivered: boolean; attempts: number; lastError?: string; givenUp?: boolean };
}

export function renderJob(job: Job): string {
  const { slug, status, progress, error, result, timings, callback } = job;
  const { queuedAt, startedAt, finishedAt } = timings;
  const took = startedAt && finishedAt ? `, baked in ${((finishedAt - startedAt) / 1000).toFixed(1)} s` : '';
  const percent = ['queued', 'done', 'failed'].includes(status) ? '' : ` ${Math.floor(progress * 100)}%`;
  return [
    `${slug}: ${status}${percent}`,
    error && `${error.message} [${error.code}]`,
    ...Object.entries(result?.outputs ?? {}).map(([kind, url]) => `${kind}: ${url}`),
    `queued ${new Date(queuedAt).toISOString()}${took}`,
    `callback: ${renderCallback(callback)}`,
  ]
    .filter(Boolean)
    .join('\n');
}

function renderCallback({ delivered, attempts, lastError, givenUp }: Job['callback']): string {
  const times = `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`;
  if (delivered) return `delivered, ${times}`;
  const state = givenUp ? 'given up' : 'not delivered yet';
  return [`${state}, ${times}`, lastError].filter(Boolean).join('; ');
}

export function renderHealth({
  status,
  release,
  uptimeSeconds,
  reasons,
  work,
}: Reasons & {
  readonly release: string;
  readonly uptimeSeconds: number;
  readonly work: Reasons;
}): string {
  return [
    `service: ${status}, release ${release}, up for ${uptimeSeconds} s`,
    ...renderReasons(reasons),
    `work: ${work.status}`,
    ...renderReasons(work.reasons),
  ].join('\n');
}

function renderReasons(reasons: Reasons['reasons'] = []): string[] {
  return reasons.map(({ code, message }) => `  ${message} [${code}]`);
}

export function renderPurged({
  slug,
  jobs,
  files,
}: {
  slug: string;
  jobs: string[];
  files: string[];
}): string {
  const count = (list: string[], one: string) => `${list.length} ${list.length === 1 ? one : `${one}s`}`;
  return [
    `${slug}: removed ${count(jobs, 'job')} and ${count(files, 'file')}`,
    ...files.map((key) => `  ${key}`),
  ].join('\n');
}

interface Depth {
  readonly waiting: number;
  readonly active: number;
  readonly retrying: number;
}

export function renderDrain({
  draining,
  scope = 'all',
  host,
  phase,
  idle,
  bakes,
  callbacks,
}: {
  readonly draining: boolean;
  /** These three are missing in the answer of an older release. */
  readonly scope?: 'host' | 'all';
  readonly host?: string;
  readonly phase?: 'off' | 'leaving' | 'drained';
  readonly idle: boolean;
  readonly bakes: Depth;
  readonly callbacks: Depth;
}): string {
  const ofHost = scope === 'host';
  const state = `${ofHost ? `${host}: ` : ''}${draining ? 'draining' : 'taking tapes'}`;
  if (idle) return `${state}: nothing to do`;
  if (ofHost) {
    const leaving = phase === 'leaving' ? ', and tapes are taken until the load balancer has noticed' : '';
    return `${state}: ${bakes.active} bakes and ${callbacks.active} deliveries under way here${leaving}`;
  }
  const all = ({ waiting, active, retrying }: Depth) => `${active} under way, ${waiting + retrying} waiting`;
  return `${state}: bakes ${all(bakes)}; callbacks ${all(callbacks)}`;
}
