import { type Config, ConfigError, readConfig, secretsOf } from './config/config.ts';
import { takeSystemdSocket } from './http/listen.ts';
import { type Log, openLog } from './lib/log.ts';
import { startService } from './service.ts';

/** What a wrong environment or command line ends with: systemd is told not to try those again. */
const USAGE = 2;

const candidate = process.argv.includes('--candidate');
const unknown = process.argv.slice(2).find((argument) => argument !== '--candidate');
if (unknown !== undefined) fail('usage: node service/main.ts [--candidate]', USAGE);

const fd = takeSystemdSocket(process.env, process.pid);
const config = readOrFail();
const log = openLog({ level: config.logLevel, secrets: secretsOf(config) });
catchEverything(log);
const onFatal = (error: Error) => {
  log.fatal({ err: error }, 'can not go on');
  fail(error.message.split('\n', 1)[0] ?? 'failed', 1);
};

try {
  const service = await startService(config, { candidate, log, fd: candidate ? undefined : fd, onFatal });
  // A second signal changes nothing: what was begun is ended, and systemd kills in the end what does not.
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
    return fail(`the environment is not as it should be:\n${lines.join('\n')}`, USAGE);
  }
}

function fail(message: string, code: number): never {
  process.stderr.write(`oven: ${message}\n`);
  process.exit(code);
}

/** What nobody planned for leaves the process in a state that nobody knows: it is logged, and the next one goes on. */
function catchEverything(log: Log): void {
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'uncaught');
    process.exit(1);
  });
  // Libraries write to the console: what they say goes where all else does.
  const write = (...words: unknown[]) =>
    log.debug({ words: words.filter((word) => typeof word === 'string') }, 'console');
  Object.assign(console, { log: write, info: write, warn: write, error: write });
}
