/** The program: reads the environment, starts the service or a candidate, and ends it on a signal. */
import { type Config, ConfigError, readConfig, secretsOf } from './config/config.ts';
import { takeSystemdSocket } from './http/listen.ts';
import { type Log, openLog } from './lib/log.ts';
import { startService } from './service.ts';

/** The exit code for a wrong environment or command line, after which systemd does not start the service again. */
const USAGE = 2;

const candidate = process.argv.includes('--candidate');
const unknown = process.argv.slice(2).find((argument) => argument !== '--candidate');
if (unknown !== undefined) fail('usage: node service/main.ts [--candidate]', USAGE);

const fd = takeSystemdSocket(process.env, process.pid);
const config = readOrFail();
const log = openLog({ level: config.logLevel, secrets: secretsOf(config) });
catchUncaught(log);
const onFatal = (error: Error) => {
  log.fatal({ err: error }, 'can not go on');
  fail(error.message.split('\n', 1)[0] ?? 'failed', 1);
};

try {
  const service = await startService(config, { candidate, log, fd: candidate ? undefined : fd, onFatal });
  // A second signal does not speed up the end.
  const end = () => {
    service.close().then(() => process.exit(0), onFatal);
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
} catch (error) {
  onFatal(error as Error);
}

function readOrFail(): Config {
  try {
    return readConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const lines = error.problems.map(({ name, message }) => `  ${name} ${message}`);
    return fail(`the environment has errors:\n${lines.join('\n')}`, USAGE);
  }
}

function fail(message: string, code: number): never {
  process.stderr.write(`oven: ${message}\n`);
  process.exit(code);
}

/** After an uncaught error the state of the process is unknown: the error is logged, and systemd starts a new process. */
function catchUncaught(log: Log): void {
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'uncaught');
    process.exit(1);
  });
  // Libraries write to the console: their words go to the log too.
  const write = (...words: unknown[]) =>
    log.debug({ words: words.filter((word) => typeof word === 'string') }, 'console');
  Object.assign(console, { log: write, info: write, warn: write, error: write });
}
