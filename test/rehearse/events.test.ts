import { expect, test } from 'vitest';
import { begunIn, changesOf, readEvents, tallyOf, whatIs } from './events.ts';

const urn = (type: string, name: string) => `urn:pulumi:s::oven::oven:host:Host$${type}::${name}`;
const DROPLET = urn('digitalocean:index/droplet:Droplet', 'host');
const KEY = urn('tls:index/privateKey:PrivateKey', 'login');
const STACK = 'urn:pulumi:s::oven::pulumi:pulumi:Stack::oven-s';
const done = (op: string, of: string, more = {}) => ({
  resOutputsEvent: { metadata: { op, urn: of, ...more } },
});
const begun = (op: string, of: string) => ({ resourcePreEvent: { metadata: { op, urn: of } } });
const said = (severity: string, message: string, more = {}) => ({
  diagnosticEvent: { severity, message, ...more },
});
const log = (...events: object[]) => events.map((event) => `${JSON.stringify(event)}\n`).join('');

test('a resource is named by its type and name', () => {
  expect(whatIs(DROPLET)).toBe('digitalocean:Droplet host');
  expect(whatIs(urn('command:remote:Command', 'activate'))).toBe('command:remote:Command activate');
});

test('operations are told from what stayed as it was; the stack is none', () => {
  const outcome = readEvents(
    log(
      done('create', STACK),
      done('update', DROPLET, { diffs: ['tags'] }),
      done('same', KEY),
      done('refresh', KEY),
      {
        summaryEvent: { durationSeconds: 7 },
      },
    ),
  );
  expect(changesOf(outcome)).toEqual([
    { kind: 'update', what: 'digitalocean:Droplet host', because: ['tags'] },
  ]);
  expect(outcome.seconds).toBe(7);
  expect(tallyOf(outcome.operations)).toBe('1 updated');
});

test('a replacement is one, and what it puts away another', () => {
  const steps = ['create-replacement', 'replace', 'delete-replaced'].map((op) => done(op, DROPLET));
  expect(tallyOf(readEvents(log(...steps)).operations)).toBe('1 replaced, 1 deleted');
});

test('nothing is said where nothing was done', () => {
  expect(tallyOf(readEvents('').operations)).toBe('nothing');
  expect(readEvents('').seconds).toBeUndefined();
});

test('what the operator is shown is without colours and progress', () => {
  const { said: lines, failed } = readEvents(
    log(
      said('info#err', '<{%reset%}>first\n\n  second <{%reset%}>\n'),
      said('error', 'third'),
      said('debug', 'not this'),
      said('warning', 'nor this', { ephemeral: true }),
      { resOpFailedEvent: { metadata: { op: 'create', urn: DROPLET } } },
    ),
  );
  expect(lines).toEqual(['first', '  second', 'third']);
  expect(failed).toEqual(['digitalocean:Droplet host']);
});

test('a line that is being written is left out', () => {
  const text = `${log(begun('create', DROPLET), begun('same', KEY))}{"resourcePreEvent":{"meta`;
  expect(begunIn(text)).toEqual(['digitalocean:Droplet host']);
});
