import type { Deadline } from './deadline.ts';
import { within } from './deadline.ts';
import { json } from './http.ts';
import { tryPurge } from './purge.ts';
import type { Services } from './services.ts';
import { submit } from './submit.ts';
import { nextAttemptAt } from './tapes/due.ts';
import { unfinishedPart } from './tapes/store.ts';
import { idOf, type Tape } from './tapes/tape.ts';

/** How often a tape is given to Oven, or its callback asked for again, before somebody has to look. */
const MAX_ATTEMPTS = 8;
const MAX_RESENDS = 20;
const BATCH = 50;

/** What a run of the scheduled function did, in numbers of tapes. */
export interface RetryReport {
  submitted: number;
  refused: number;
  gaveUp: number;
  purged: number;
  /** Oven is not there, or takes no more: the rest waits. */
  stopped: boolean;
}

/** Hands over tapes that are stuck, one after the other, until the time is up or Oven has enough. Repeats do no harm. */
export async function retryStuckTapes(services: Services, deadline: Deadline): Promise<Response> {
  const { log, oven, pds, tapes } = services;
  const report: RetryReport = { submitted: 0, refused: 0, gaveUp: 0, purged: 0, stopped: oven === undefined };
  if (oven === undefined)
    log('warn', 'OVEN_OFF', { why: 'OVEN_URL or OVEN_CALLBACK_SECRET is not set; tapes wait' });
  const limit = oven && (await pds.blobLimit(within(3, deadline)).catch(() => undefined));
  for (const tape of oven === undefined ? [] : await tapes.due(new Date(), limit, BATCH)) {
    if (deadline.signal.aborted) break;
    const did = await retry(services, tape, deadline);
    if (did === 'busy') {
      report.stopped = true;
      break;
    }
    if (did !== undefined) report[did] += 1;
  }
  // Last, since nothing puts off one that can't be purged: many of them would leave the others no time, every time.
  for (const tape of oven === undefined ? [] : await tapes.unpurged(BATCH)) {
    if (deadline.signal.aborted) break;
    if (await tryPurge(services, idOf(tape), deadline)) report.purged += 1;
  }
  log('info', 'RETRIED', { ...report });
  return json(200, report);
}

async function retry(
  services: Services,
  tape: Tape,
  deadline: Deadline,
): Promise<'submitted' | 'refused' | 'gaveUp' | 'busy' | undefined> {
  const { log, tapes } = services;
  const half = unfinishedPart(tape);
  const attempts = (half === 'mp4' ? tape.oven?.attempts : tape.oven?.sync?.resends) ?? 0;
  // Overlapping runs claim a tape once.
  if (half === undefined || !(await tapes.claim(tape, nextAttemptAt(attempts + 1)))) return undefined;
  if (attempts >= (half === 'mp4' ? MAX_ATTEMPTS : MAX_RESENDS)) {
    const last = (half === 'mp4' ? tape.oven?.error : tape.oven?.sync?.error)?.message ?? 'no answer came';
    const message = `Given up after ${attempts} attempts: ${last}`;
    await tapes.giveUp(tape, { code: 'GAVE_UP', message, at: new Date() });
    log('error', 'TAPE_GIVEN_UP', { mongoId: idOf(tape), slug: tape.slug, half, message });
    return 'gaveUp';
  }
  const submission = await submit(services, tape, deadline);
  if (submission !== 'busy' && half === 'record') await tapes.countResend(tape);
  if (submission === 'taken') return 'submitted';
  return submission === 'refused' ? 'refused' : 'busy';
}
