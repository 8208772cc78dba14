import { isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Services that answer with the request's address. They have two owners, use TLS, and IPv4 only. */
export const ADDRESS_SERVICES = ['https://checkip.amazonaws.com/', 'https://ipv4.icanhazip.com/'] as const;

/** The public IPv4 address in an answer. Throws for any other text. */
export function parseAddress(answer: string): string {
  const text = answer.trim();
  // The answer may be a whole error page; its beginning is enough.
  if (!isIPv4(text)) throw new Error(`"${text.slice(0, 60)}" is not an IPv4 address`);
  const range = ipaddr.IPv4.parse(text).range();
  if (range !== 'unicast') throw new Error(`${text} is not a public address (${range})`);
  return text;
}

/**
 * This machine's public address. One answer is enough when the other service does not answer. Throws when no service answers, and when the answers
 * differ: then the machine has several addresses, or an answer is wrong.
 */
export async function findAddress(
  ask: (url: string) => Promise<string> = download,
  services: readonly string[] = ADDRESS_SERVICES,
): Promise<string> {
  const answers = await Promise.allSettled(services.map(async (url) => parseAddress(await ask(url))));
  const found = new Set(answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : [])));
  const [address] = found;
  if (found.size === 1 && address !== undefined) return address;
  if (found.size > 1) throw new Error(`this machine has several addresses: ${[...found].join(', ')}`);
  const reasons = answers.map((answer, index) =>
    answer.status === 'rejected' ? `${services[index]}: ${(answer.reason as Error).message}` : '',
  );
  throw new Error(`this machine's address can't be found out:\n  ${reasons.join('\n  ')}`);
}

async function download(url: string): Promise<string> {
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(10_000) });
  if (!response.ok) throw new Error(`answered ${response.status}`);
  return response.text();
}
