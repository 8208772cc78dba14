import { setTimeout as delay } from 'node:timers/promises';
import { deadlineIn } from '../deadline.ts';
import type { Services } from '../services.ts';
import { submit } from '../submit.ts';
import { isAdopted } from '../tapes/exclusions.ts';
import { idOf, type Tape } from '../tapes/tape.ts';
import { inFlight } from './in-flight.ts';
import { isPreview } from './select.ts';

export interface AdoptOptions {
  readonly publish: boolean;
  /** Adopts, and leaves the baking to the operator. */
  readonly adoptOnly?: boolean;
  /** Tapes at most that Oven has at once. */
  readonly count: number;
  readonly signal: AbortSignal;
  /** Called after each tape with what became of it. */
  readonly onDone?: (tape: Tape, outcome: string) => void;
}

/** Pauses while Oven takes no more tapes, and between looks at a document, in milliseconds. */
const BUSY_MS = [2000, 5000, 15_000, 30_000, 60_000];
const LOOK_MS = 500;
/** How long a tape is waited for. Then the scheduled function goes on with it. */
const LONGEST_WAIT_MS = 20 * 60_000;

/** Adopts documents one after the other, hands them to Oven, and waits for each. What is not done when it ends, the scheduled function does. */
export async function adoptAll(
  services: Services,
  chosen: readonly Tape[],
  options: AdoptOptions,
): Promise<void> {
  await inFlight(chosen, options.count, options.signal, async (tape) => {
    options.onDone?.(tape, await adoptOne(services, tape, options));
  });
}

async function adoptOne(services: Services, tape: Tape, options: AdoptOptions): Promise<string> {
  const { tapes } = services;
  const publishesPreview = isPreview(tape);
  const how = {
    adoptedBy: 'operator',
    ...(!options.publish && { publish: false }),
    ...(options.adoptOnly && { nextAt: new Date(Date.now() + 24 * 3600_000) }),
  } as const;
  const adopted = publishesPreview ? await tapes.publish(tape) : await tapes.adopt(tape, tape.user, how);
  if (!isAdopted(adopted) || adopted.oven?.adoptedBy !== 'operator') return 'changed meanwhile';
  const hasVideo = adopted.mp4Status === 'complete';
  if (options.adoptOnly || (hasVideo && !publishesPreview)) return 'adopted';
  for (const pause of [...BUSY_MS, 0]) {
    const submission = await submit(services, adopted, deadlineIn(30));
    if (submission === 'accepted') return waitFor(services, adopted, options.signal);
    if (submission !== 'busy') return submission === 'refused' ? 'refused by Oven' : 'changed meanwhile';
    await delay(pause, undefined, { signal: options.signal }).catch(() => {});
    if (options.signal.aborted) break;
  }
  return 'handed over later';
}

/** Waits until the callback of a tape came, and gives what it said. */
async function waitFor({ tapes }: Services, { _id }: Tape, signal: AbortSignal): Promise<string> {
  const started = performance.now();
  while (!signal.aborted && performance.now() - started < LONGEST_WAIT_MS) {
    const outcome = outcomeOf(await tapes.find(idOf({ _id })));
    if (outcome !== undefined) return outcome;
    await delay(LOOK_MS, undefined, { signal }).catch(() => {});
  }
  return 'still being baked';
}

const ENDINGS: Readonly<Record<string, string>> = {
  complete: 'published',
  'not-published': 'baked, not published',
  'no-account': 'baked; its user has no account at the PDS',
  'too-large': 'baked; too large for the PDS',
};

/** What became of an adopted tape; undefined while that is open. */
function outcomeOf(tape: Tape | undefined): string | undefined {
  if (tape === undefined || tape.nuked) return 'changed meanwhile';
  const { error, failedBy, sync } = tape.oven ?? {};
  if (tape.mp4Status === 'oven-failed' && failedBy !== undefined)
    return `not baked: ${error?.code ?? 'unknown'}`;
  return tape.mp4Status === 'complete' && sync !== undefined ? ENDINGS[sync.status] : undefined;
}
