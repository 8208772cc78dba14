import { type Deadline, timeUp } from '../deadline.ts';
import { HttpError, tryLater } from '../errors.ts';
import { PdsError } from '../pds/errors.ts';
import type { Services } from '../services.ts';
import { nextTry } from '../tapes/backoff.ts';
import { standing } from '../tapes/exclusions.ts';
import { type Hand, withTape } from '../tapes/hand.ts';
import { type Changes, seen } from '../tapes/store.ts';
import type { Sync, Tape } from '../tapes/tape.ts';
import { takeDown } from '../unpublish.ts';
import type { Success } from './body.ts';
import { steps } from './steps.ts';

/** How it ended: in the PDS, for good without a record, or because the tape or the bake is no work (any more). */
export type Outcome = Sync['status'] | 'superseded' | 'nuked' | 'left-alone';

/** The MP4 of a bake, whose id is that of its callback. */
export type Delivery = Omit<Success, 'secret'> & { readonly bake: string };

/**
 * Brings the MP4 of a tape into MongoDB and the PDS, going on from where an earlier delivery was stopped. Nobody else
 * works on the tape meanwhile. Throws HttpError: 5xx with Retry-After when the same delivery may do more later.
 */
export async function publish(services: Services, delivery: Delivery, deadline: Deadline): Promise<Outcome> {
  const id = delivery.mongoId;
  const already = settled(await services.tapes.find(id), delivery);
  if (already) return already;
  return withTape(services, id, deadline, async (hand) => {
    try {
      return settled(hand.tape(), delivery) ?? (await run(services, hand, delivery, deadline));
    } catch (error) {
      const told = asAnswer(error, deadline);
      await hand.save(remembered(hand.tape(), delivery, told)).catch((failed: unknown) => {
        services.log('warn', 'NOT_REMEMBERED', { mongoId: id, error: failed });
      });
      throw told;
    }
  });
}

/** Steps until the end, or until the tape is found nuked: then all that was published goes. */
async function run(services: Services, hand: Hand, delivery: Delivery, deadline: Deadline): Promise<Outcome> {
  const stands = standing(hand.tape());
  const outcome = stands === 'work' ? await steps(services, hand, delivery, deadline) : stands;
  if (outcome === 'nuked') await takeDown(services, hand, deadline);
  return outcome;
}

/** What needs no work: the tape is none, this bake is in the PDS, or a later one is. */
function settled(tape: Tape | undefined, { bake }: Delivery): Outcome | undefined {
  const stands = tape && standing(tape);
  if (tape === undefined || stands !== 'work') return stands === 'left-alone' ? stands : undefined;
  const state = seen(tape.oven?.sync, bake);
  return state === 'done' ? 'complete' : state;
}

/** What is thrown, as an answer: running out of time shows itself as all sorts of errors. */
export function asAnswer(error: unknown, { signal }: Deadline): unknown {
  if (signal.aborted) return timeUp(error);
  if (error instanceof PdsError) return tryLater(error.code, error.message, error.retryAfter, error);
  return error;
}

/** What the document keeps of a failure: nothing before its MP4 was seen, since that may be a delivery that is refused. */
function remembered(tape: Tape, { bake }: Delivery, told: unknown): Changes {
  const { sync } = tape.oven ?? {};
  if (!(told instanceof HttpError) || sync?.bake !== bake || standing(tape) !== 'work') return {};
  const fault = { code: told.code, message: told.message, at: new Date() };
  return { 'oven.sync.error': fault, 'oven.sync.nextAt': nextTry((sync.resends ?? 0) + 1) };
}
