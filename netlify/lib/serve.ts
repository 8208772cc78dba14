import { readConfig, secretsOf } from './config.ts';
import { type Deadline, deadlineIn } from './deadline.ts';
import { tryLater } from './errors.ts';
import { answer } from './http.ts';
import { openLog } from './log.ts';
import { openServices, type Services } from './services.ts';

type Work = (services: Services, request: Request, deadline: Deadline) => Promise<Response>;

let warm: Promise<Services> | undefined;

/** Does the work of a function in the world that the environment tells of, which a warm function keeps. */
export async function serve(request: Request, work: Work): Promise<Response> {
  let log = openLog([]);
  return answer(
    (...line) => log(...line),
    async () => {
      const config = readConfig(process.env);
      log = openLog(secretsOf(config));
      const deadline = deadlineIn(config.seconds);
      warm ??= openServices(config);
      const services = await warm.catch((cause: unknown) => {
        warm = undefined; // the next request may have more luck
        throw tryLater('DATABASE_UNAVAILABLE', 'The database can’t be reached just now.', 10, cause);
      });
      log = services.log;
      return work(services, request, deadline);
    },
  );
}
