import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { toAlertTarget } from '../service/alerts/message.ts';
import { sendAlert } from '../service/alerts/send.ts';
import { readVariables } from '../service/config/read.ts';
import { ALERTS, PUBLIC } from '../service/config/variables.ts';
import { CommandError, USAGE } from './error.ts';

/** Milliseconds after which a receiver that was busy is asked again, at least and at most. */
const WAITS = [1000, 3000];
const MAX_WAIT_MS = 10_000;

const TEST = 'This is a test of the alerts. Nothing is wrong.';

/** `oven alert [TEXT] [--test]`. Throws CommandError, without the URL, for everything that can go wrong. */
export async function alert(
  text: string | undefined,
  { test }: { readonly test?: true },
  env = process.env,
): Promise<void> {
  const notice = test ? TEST : text?.trim();
  if (!notice) throw new CommandError('there is no TEXT to send; --test sends a test', USAGE);
  const { values, problems } = readVariables({ ...ALERTS, ...PUBLIC }, env);
  const [problem] = problems;
  if (problem) throw new CommandError(`${problem.name} ${problem.message}`, USAGE);
  const { ALERT_WEBHOOK_URL: url, ALERT_WEBHOOK_KIND: kind, PUBLIC_URL } = values;
  if (url === undefined) throw new CommandError('ALERT_WEBHOOK_URL is not set: nobody is told', USAGE);
  const target = toAlertTarget(url, kind);
  const publicUrl = (PUBLIC_URL?.href ?? 'http://127.0.0.1:3000').replace(/\/+$/, '');
  const facts = { id: randomUUID(), at: Date.now(), host: hostname() };
  const message = { ...facts, began: [], ended: [], failures: [], notices: [notice] };
  for (let attempt = 0; ; attempt += 1) {
    const sent = await sendAlert(message, { target, publicUrl });
    if (sent === 'sent') break;
    const wait = Math.max(
      WAITS[attempt] ?? Number.POSITIVE_INFINITY,
      sent.retryInMs ?? Number.POSITIVE_INFINITY,
    );
    if (wait > MAX_WAIT_MS) throw new CommandError(`the alert was not sent: ${sent.error}`);
    await delay(wait);
  }
  process.stdout.write(`sent, in the form for ${target.receiver}\n`);
}
