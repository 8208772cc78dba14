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

test('A resource is named by its type and name', () => {
  expect(whatIs(DROPLET)).toBe('digitalocean:Droplet host');
  expect(whatIs(urn('command:remote:Command', 'activate'))).toBe('command:remote:Command activate');
});

test('Operations are told from unchanged resources, and the stack is no operation', () => {
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

test('A replacement is one operation, and its deletion another', () => {
  const steps = ['create-replacement', 'replace', 'delete-replaced'].map((op) => done(op, DROPLET));
  expect(tallyOf(readEvents(log(...steps)).operations)).toBe('1 replaced, 1 deleted');
});

test('No operation gives no text', () => {
  expect(tallyOf(readEvents('').operations)).toBe('nothing');
  expect(readEvents('').seconds).toBeUndefined();
});

test('The operator’s output has no colours and no progress', () => {
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

test('An incomplete line is left out', () => {
  const text = `${log(begun('create', DROPLET), begun('same', KEY))}{"resourcePreEvent":{"meta`;
  expect(begunIn(text)).toEqual(['digitalocean:Droplet host']);
});
