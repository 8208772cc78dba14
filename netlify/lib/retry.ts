import type { Deadline } from './deadline.ts';
import { within } from './deadline.ts';
import { json } from './http.ts';
import { tryPurge } from './purge.ts';
import type { Services } from './services.ts';
import { submit } from './submit.ts';
import { nextAttemptAt } from './tapes/due.ts';
import { unfinishedPart } from './tapes/store.ts';
import { idOf, type Tape } from './tapes/tape.ts';

/** Submissions of a tape, and requests for its callback, before the function gives the tape up. */
const MAX_ATTEMPTS = 8;
const MAX_RESENDS = 20;
const BATCH = 50;

/** Numbers of tapes in one run of the scheduled function. */
export interface RetryReport {
  submitted: number;
  refused: number;
  gaveUp: number;
  purged: number;
  /** Oven does not answer or accepts no more tapes: the rest waits. */
  stopped: boolean;
}

/** Submits stuck tapes one after the other, until the deadline or until Oven accepts no more. Repeats do no harm. */
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
  // Purges come last: a purge that fails has no next time, so many of them would take the time of all other tapes in every run.
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
  // Of two overlapping runs only one claims a tape.
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
  if (submission === 'accepted') return 'submitted';
  return submission === 'refused' ? 'refused' : 'busy';
}
