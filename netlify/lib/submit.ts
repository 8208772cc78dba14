import { type Deadline, within } from './deadline.ts';
import type { BakeAnswer } from './oven.ts';
import type { Services } from './services.ts';
import { nextTry } from './tapes/backoff.ts';
import type { Tape } from './tapes/tape.ts';
import { zipUrl } from './zip.ts';

/** What became of handing a tape over; 'waiting' while there is no Oven. */
export type Submission = 'taken' | 'refused' | 'busy' | 'waiting';

type Needs = Pick<Services, 'config' | 'log' | 'oven' | 'tapes'>;

/** Hands a tape to Oven and keeps on its document how that went. */
export async function submit(services: Needs, tape: Tape, deadline: Deadline): Promise<Submission> {
  const { config, log, oven, tapes } = services;
  if (oven === undefined) return 'waiting';
  const mongoId = tape._id.toHexString();
  const { slug, code, metadata = {} } = tape;
  const order = { mongoId, slug, zipUrl: zipUrl(config.zips, tape).href, metadata, code };
  const answer = await oven.bake(order, within(15, deadline));
  const attempts = (tape.oven?.attempts ?? 0) + (answer.taken || !answer.passing ? 1 : 0);
  const nextAt = nextTry(attempts, answer.taken ? 0 : answer.retryAfter);
  if (answer.taken) {
    const { jobId } = answer;
    await tapes.handedOver(mongoId, { attempts, nextAt, jobId, acceptedAt: new Date() });
    log('info', 'TAPE_SUBMITTED', { mongoId, slug, jobId });
    return 'taken';
  }
  const fault = { code: answer.code, message: inWords(answer), at: new Date() };
  await tapes.handedOver(mongoId, { attempts, nextAt }, fault);
  log('warn', 'TAPE_NOT_SUBMITTED', { mongoId, slug, code: fault.code, nextAt });
  return answer.passing ? 'busy' : 'refused';
}

function inWords(answer: BakeAnswer & { taken: false }): string {
  const why = answer.code === 'OVEN_UNREACHABLE' ? 'can’t be reached' : `answers ${answer.code}`;
  return `Oven ${why}; the tape is kept and handed over again.`;
}
