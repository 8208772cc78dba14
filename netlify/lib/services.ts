import { type Config, readConfig, secretsOf } from './config.ts';
import { type Deadline, deadlineIn } from './deadline.ts';
import { answerErrors, tryLater } from './http.ts';
import { auth0, type Identify } from './identity.ts';
import { type Log, openLog } from './log.ts';
import { type Oven, openOven } from './oven.ts';
import { type Accounts, openAccounts } from './pds/accounts.ts';
import { openPds, type Pds } from './pds/pds.ts';
import { connect, makeIndexes } from './tapes/database.ts';
import { openTapeStore } from './tapes/mongo.ts';
import type { TapeStore } from './tapes/store.ts';
import type { Tape } from './tapes/tape.ts';
import { openZips, type Zips } from './zips.ts';

/** The outside of the functions. Another implementation of an interface can replace each part. */
export interface Services {
  readonly config: Config;
  readonly log: Log;
  readonly identify: Identify;
  readonly tapes: TapeStore;
  readonly accounts: Accounts;
  readonly pds: Pds;
  readonly zips: Zips;
  /** Undefined while OVEN_URL is not set, or there is no secret to give it. */
  readonly oven: Oven | undefined;
}

/** Opens every service that the configuration names. Throws when the database can't be reached. */
export async function openServices(config: Config, write?: (line: string) => void): Promise<Services> {
  const log = openLog(secretsOf(config), write);
  const db = await connect(config.mongo.uri, config.mongo.name);
  const collection = db.collection<Tape>('tapes');
  let indexed: Promise<void> | undefined;
  const prepare = () => {
    indexed ??= makeIndexes(collection, log);
    return indexed;
  };
  const [secret] = config.callbackSecrets;
  return {
    config,
    log,
    identify: auth0(config.auth0),
    tapes: openTapeStore(collection, prepare),
    accounts: openAccounts(db, config.guest),
    pds: openPds(config.pds),
    zips: openZips(config.zips, log),
    oven:
      config.oven && secret !== undefined
        ? openOven({ url: config.oven, secret, callbackUrl: config.callbackUrl })
        : undefined,
  };
}

type Work = (services: Services, request: Request, deadline: Deadline) => Promise<Response>;

let warm: Promise<Services> | undefined;

/** Runs a function's work with the services of the environment. A function that stays warm keeps them. */
export async function serve(request: Request, work: Work): Promise<Response> {
  let log = openLog([]);
  return answerErrors(
    (...line) => log(...line),
    async () => {
      const config = readConfig(process.env);
      log = openLog(secretsOf(config));
      const deadline = deadlineIn(config.seconds);
      warm ??= openServices(config);
      const services = await warm.catch((cause: unknown) => {
        warm = undefined; // The next request tries again.
        throw tryLater('DATABASE_UNAVAILABLE', 'The database can’t be reached just now.', 10, cause);
      });
      log = services.log;
      return work(services, request, deadline);
    },
  );
}
