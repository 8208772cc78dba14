import type { Call } from '../crash/outside.ts';

/** What a tape is, and so how it must end: as a video, with its code, or stopped. */
export type Kind = 'good' | 'bad' | 'cancelled';

/** One tape, as its sender knows it. */
export interface Sent {
  readonly slug: string;
  readonly kind: Kind;
  /** Of a bad tape. */
  readonly code?: string | undefined;
  /** Keys of its stored files. */
  readonly keys: readonly string[];
  jobId?: string;
  /** Whether the cancel of this tape was answered with success; undefined if no answer came. */
  isCancelled?: boolean;
}

/** What the run must not show. */
export interface Verdict {
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  /** Good tapes that failed. */
  readonly failed: readonly string[];
  /** Ends that are wrong in another way. */
  readonly wrong: readonly string[];
}

/** Compares what was accepted with the callbacks that came, and the keys that are stored with those that should be. Pure. */
export function judge(sent: readonly Sent[], calls: readonly Call[], stored: ReadonlySet<string>): Verdict {
  const verdict = {
    lost: [] as string[],
    doubled: [] as string[],
    failed: [] as string[],
    wrong: [] as string[],
  };
  const expected = new Set<string>();
  for (const tape of sent.filter(({ jobId }) => jobId !== undefined)) {
    const { slug, kind, code, isCancelled } = tape;
    const own = calls.filter((call) => call.slug === slug);
    const ids = new Set(own.map(({ id }) => id));
    const ends = new Set(own.map(({ error }) => error?.code ?? 'baked'));
    if (ids.size === 0) verdict.lost.push(slug);
    if (ids.size > 1 || ends.size > 1) verdict.doubled.push(`${slug}: ${[...ids]} ${[...ends]}`);
    const [end = 'baked'] = ends;
    const isStopped = kind === 'cancelled' && end === 'CANCELLED' && isCancelled !== false;
    if (ids.size === 0 || isStopped) continue;
    if (kind === 'bad') {
      if (end !== code) verdict.wrong.push(`${slug} ended with ${end} instead of ${code}`);
    } else if (end !== 'baked') verdict.failed.push(`${slug}: ${end}`);
    else if (isCancelled) verdict.wrong.push(`${slug} was cancelled, and baked`);
    else for (const key of tape.keys) expected.add(key);
  }
  for (const key of expected) if (!stored.has(key)) verdict.lost.push(`${key} is not stored`);
  // A cancelled tape may have stored a file before it was stopped.
  const cancelled = new Set(sent.filter(({ kind }) => kind === 'cancelled').flatMap(({ keys }) => keys));
  for (const key of stored) {
    if (!expected.has(key) && !cancelled.has(key))
      verdict.doubled.push(`${key} is stored, and should not be`);
  }
  return verdict;
}
