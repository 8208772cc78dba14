import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { Agent, createServer, type IncomingMessage, request as openRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { OLD_SECRET, SECRET, startTestService, type TestService } from '../../http/test-service.ts';
import { JOBS, mutateRequest, type Sent, STANDS_FOR } from '../mutate/request.ts';
import { DOCUMENT, faultsBy, type Operation, operationOf } from '../openapi.ts';
import { Finding, type Target } from '../target.ts';

/** The name of a private tape: nobody without the secret may learn it. */
const PRIVATE_SLUG = 'private-tape-7f3a';
/** Milliseconds in which a slow source answers. */
const SLOW_MS = 300;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

/**
 * Sends requests to a whole service in this process. Each answer is one that the document names, and valid by its schema; no fault of a
 * caller is a 5xx; what the document forbids is refused; no answer and no line of the log has a secret.
 */
export const target: Target = {
  deadlineMs: 20_000,
  make: (random) => Buffer.from(JSON.stringify(mutateRequest(random))),
  open: async () => {
    const slow = createServer(async (_request, response) => {
      await delay(SLOW_MS);
      response.end('no ZIP');
    });
    await once(slow.listen(0, '127.0.0.1'), 'listening');
    const slowUrl = `http://127.0.0.1:${(slow.address() as AddressInfo).port}`;
    const service = await startTestService({
      MAX_QUEUED: '5',
      CONCURRENCY: '2',
      LOG_LEVEL: 'warn',
      ALLOWED_SOURCES: slowUrl,
    });
    await checkDocument(service);
    const words = await standIns(service, slowUrl);
    return {
      run: async (input) => {
        service.calls.length = 0;
        const text = Object.entries(words).reduce(
          (all, [word, value]) => all.replaceAll(word, () => JSON.stringify(value).slice(1, -1)),
          // As JSON within JSON, the body has each of them too.
          input.toString(),
        );
        const sent = JSON.parse(text) as Sent;
        const answer = await send(service.url, sent);
        const outcome = judge(sent, answer, service.root);
        if (sent.target.startsWith('/drain') && sent.method === 'POST') {
          await send(service.url, { ...sent, method: 'DELETE', target: '/drain', body: '' });
        }
        const bug = service.log.find((line) => /"level":"(error|fatal)"/.test(line));
        const leak = service.log.find((line) => line.includes(SECRET) || line.includes(OLD_SECRET));
        service.log.length = 0;
        if (bug) throw new Finding(`the log says ${bug}`);
        if (leak) throw new Finding('the log has a secret');
        return outcome;
      },
      close: async () => {
        agent.destroy();
        await service.close();
        slow.closeAllConnections();
        slow.close();
        return [];
      },
    };
  },
};

/** The served document is the one that the requests were made from. */
async function checkDocument(service: TestService): Promise<void> {
  const { paths, components } = (await (await service.fetch('/openapi.json')).json()) as typeof DOCUMENT;
  const [served, made] = [
    { paths, components },
    { paths: DOCUMENT.paths, components: DOCUMENT.components },
  ];
  if (JSON.stringify(served) !== JSON.stringify(made)) throw new Finding('The service has another document.');
}

/** Makes jobs that are done, failed and private, and gives what the words of the requests stand for. */
async function standIns(service: TestService, slowUrl: string): Promise<Record<string, string>> {
  await writeFile(join(service.root, 'art', 'broken.zip'), 'no ZIP');
  const thumbnail = { outputs: [{ kind: 'thumbnail' }], callbackSecret: OLD_SECRET };
  const bodies = [
    service.body('a', thumbnail),
    service.body('broken', thumbnail),
    service.body('b', { ...thumbnail, slug: PRIVATE_SLUG, private: true }),
    service.body('c', { ...thumbnail, zipUrl: `${slowUrl}/c.zip` }),
  ];
  const words = {
    [STANDS_FOR.source]: `file://${service.root}/art`,
    [STANDS_FOR.slow]: slowUrl,
    [STANDS_FOR.receiver]: new URL(String(service.body('a').callbackUrl)).origin,
    [STANDS_FOR.secret]: OLD_SECRET,
  };
  const jobs = await Promise.all(
    bodies.map(async (body, n) => {
      const { jobId } = await service.bake(body);
      await service.ended(jobId);
      return [JOBS[n]!, jobId];
    }),
  );
  return { ...words, ...Object.fromEntries(jobs) };
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

async function send(url: string, { method, target, headers, body }: Sent): Promise<Answer> {
  const bytes = Buffer.from(body, 'latin1');
  const isFramed = bytes.length === 0 || 'transfer-encoding' in headers;
  const framed = isFramed ? headers : { ...headers, 'content-length': String(bytes.length) };
  const { hostname, port } = new URL(url);
  const request = openRequest({ hostname, port, path: target, agent, method, headers: framed });
  const answered = once(request, 'response') as Promise<[IncomingMessage]>;
  request.on('error', () => {}); // The service closes the connection of a body that it does not read.
  request.end(bytes);
  const [response] = await answered;
  return {
    status: response.statusCode!,
    headers: response.headers,
    text: (await buffer(response)).toString(),
  };
}

/** Judges an answer, and gives the outcome: the status, and for errors the code. */
function judge(sent: Sent, { status, headers, text }: Answer, root: string): string {
  const wrong = (what: string) => new Finding(`${sent.method} ${sent.target} answered ${status}: ${what}`);
  const path = new URL(sent.target, 'http://oven.test').pathname;
  const operation = operationOf(sent.method, path);
  const isOperator = /^bearer +(.*)$/i.exec(sent.headers.authorization ?? '')?.[1] === OLD_SECRET;
  const hidden = [SECRET, OLD_SECRET, ...(isOperator ? [] : [root, PRIVATE_SLUG])];
  const shown = JSON.stringify(headers) + text;
  for (const one of hidden) if (shown.includes(one)) throw wrong(`it shows ${one}`);
  if (/\n\s+at |node_modules|node:internal/.test(shown)) throw wrong('it shows a stack');
  if (!headers['x-request-id']) throw wrong('it has no x-request-id');
  if (typeof operation !== 'object') {
    // HEAD is answered as GET is, without a body; /health may say 503.
    if (status >= 500 && !path.startsWith('/health')) throw wrong(text);
    if (sent.method === 'HEAD') return `${status} of HEAD`;
    if (operation === 'path' && ![405, 413].includes(status)) throw wrong('it is neither 405 nor 413');
    if (status === 405 && headers.allow === undefined) throw wrong('it has no Allow');
    return `${status} of no operation`;
  }
  const { error } = readAnswer(operation, status, headers, text, wrong);
  // A running bake is told to stop: that is no fault of anybody.
  if (status >= 500 && error?.code !== 'TAPE_BUSY' && !operation.path.startsWith('/health'))
    throw wrong(text);
  if (status < 300) {
    const fault = requestFault(operation, sent);
    if (fault) throw wrong(`the document forbids the request: ${fault}`);
    if (operation.security?.length === 1 && !isOperator) throw wrong('it needs the secret');
  }
  return `${operation.method} ${operation.path} ${status} ${error?.code ?? ''}`.trim();
}

function readAnswer(
  operation: Operation,
  status: number,
  headers: IncomingMessage['headers'],
  text: string,
  wrong: (what: string) => Finding,
): { error?: { code: string } } {
  if (operation.responses[status] === undefined) throw wrong(`the document does not name it: ${text}`);
  if (!/^application\/json\b/.test(headers['content-type'] ?? '')) throw wrong('it is no JSON');
  const body: unknown = JSON.parse(text);
  const place = ['responses', String(status), 'content', 'application/json', 'schema'];
  const fault = faultsBy(placeOf(operation, place), body);
  if (fault) throw wrong(`${fault}: ${text}`);
  return body as { error?: { code: string } };
}

/** Why the document forbids the parameters or the body of a request. */
function requestFault(operation: Operation, { target, body }: Sent): string | undefined {
  const { pathname, searchParams } = new URL(target, 'http://oven.test');
  const names = operation.path.split('/');
  for (const [n, { name, in: where, schema }] of (operation.parameters ?? []).entries()) {
    const given =
      where === 'path'
        ? decodeURIComponent(pathname.split('/')[names.indexOf(`{${name}}`)]!)
        : searchParams.get(name);
    const value = schema.type === 'integer' && given !== null ? Number(given) : given;
    const fault = value !== null && faultsBy(placeOf(operation, ['parameters', String(n), 'schema']), value);
    if (fault) return `${name}: ${fault}`;
  }
  if (operation.requestBody === undefined) return undefined;
  const value: unknown = JSON.parse(new TextDecoder().decode(Buffer.from(body, 'latin1')));
  return faultsBy(placeOf(operation, ['requestBody', 'content', 'application/json', 'schema']), value);
}

function placeOf({ path, method }: Operation, place: readonly string[]): string[] {
  return ['paths', path, method.toLowerCase(), ...place];
}
