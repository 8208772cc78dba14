import type { Config } from './config.ts';
import { type Deadline, within } from './deadline.ts';
import type { BakeRequest, BakeResponse } from './oven.ts';
import type { Services } from './services.ts';
import { nextAttemptAt } from './tapes/due.ts';
import { eligibility } from './tapes/exclusions.ts';
import { namedByCode, ovenSlug, storedName } from './tapes/names.ts';
import { idOf, type Tape } from './tapes/tape.ts';
import { zipUrl } from './zips.ts';

/** The result of a submission; 'waiting' while no Oven is configured, or while the tape is excluded. */
export type Submission = 'accepted' | 'refused' | 'busy' | 'waiting';

type SubmitServices = Pick<Services, 'config' | 'log' | 'oven' | 'tapes'>;

/** Submits a tape to Oven and notes the result in its document. */
export async function submit(services: SubmitServices, tape: Tape, deadline: Deadline): Promise<Submission> {
  const { config, log, oven, tapes } = services;
  if (oven === undefined || eligibility(tape) !== 'work') return 'waiting';
  const mongoId = idOf(tape);
  const slug = ovenSlug(tape);
  const order = bakeRequestOf(config, tape);
  const answer = await oven.bake(order, within(15, deadline));
  const attempts = (tape.oven?.attempts ?? 0) + (answer.accepted || !answer.retryable ? 1 : 0);
  const nextAt = nextAttemptAt(attempts, answer.accepted ? 0 : answer.retryAfter);
  if (answer.accepted) {
    const { jobId } = answer;
    await tapes.recordSubmission(mongoId, { attempts, nextAt, jobId, acceptedAt: new Date() });
    log('info', 'TAPE_SUBMITTED', { mongoId, slug, jobId });
    return 'accepted';
  }
  const fault = { code: answer.code, message: failureMessage(answer), at: new Date() };
  await tapes.recordSubmission(mongoId, { attempts, nextAt }, fault);
  log('warn', 'TAPE_NOT_SUBMITTED', { mongoId, slug, code: fault.code, nextAt });
  return answer.retryable ? 'busy' : 'refused';
}

/** The request to bake a tape. */
export function bakeRequestOf({ blobs, zips }: Config, tape: Tape): BakeRequest {
  const { code, mp4Url } = tape;
  return {
    mongoId: idOf(tape),
    slug: ovenSlug(tape),
    zipUrl: zipUrl(zips, tape).href,
    metadata: tape.oven?.metadata ?? {},
    code,
    ...(tape.oven?.publish === false && { publish: false as const }),
    ...(namedByCode(tape) && { outputName: 'code' as const }),
    ...(mp4Url !== undefined && storedName(blobs, mp4Url) !== undefined && { replaces: mp4Url }),
  };
}

function failureMessage(answer: BakeResponse & { accepted: false }): string {
  const why = answer.code === 'OVEN_UNREACHABLE' ? 'can’t be reached' : `answers ${answer.code}`;
  return `Oven ${why}; the tape is kept and handed over again.`;
}
