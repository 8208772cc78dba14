import { expect, it } from 'vitest';
import { identityOf, nextJobId } from '../../service/queue/job.ts';
import type { BakeRequest, OutputRequest } from '../../service/schemas/request.ts';
import { requestFor } from './fixture.ts';

it('An identity is an id that BullMQ accepts, and so are the ids after it', () => {
  const identity = identityOf(requestFor('a'));
  expect(identity).toMatch(/^[0-9a-f]{32}$/);
  expect([nextJobId(identity), nextJobId(`${identity}-2`), nextJobId(`${identity}-9`)]).toEqual([
    `${identity}-2`,
    `${identity}-3`,
    `${identity}-10`,
  ]);
});

it('A request without the options of an output keeps the identity that older releases gave it', () => {
  expect(identityOf(requestFor('a'))).toBe('0cd7dd36679b12528cdea65f76e2c6bc');
  const outputs = [
    { kind: 'share', fps: 60, frame: 'source', background: '#000000', silence: true },
    { kind: 'thumbnail', at: 'middle', format: 'jpeg', scale: undefined },
  ] as const;
  const plain = [{ kind: 'thumbnail' }, { kind: 'share' }] as const;
  expect(identityOf(requestFor('a', { outputs: [...outputs] }))).toBe(
    identityOf(requestFor('a', { outputs: [...plain] })),
  );
});

it.each<[string, OutputRequest, OutputRequest]>([
  ['moments', { kind: 'thumbnail', at: 'first' }, { kind: 'thumbnail', at: 0.5 }],
  ['formats', { kind: 'thumbnail', format: 'png' }, { kind: 'thumbnail', format: 'webp' }],
  ['rates', { kind: 'share', fps: 30 }, { kind: 'share' }],
  ['backgrounds', { kind: 'share', background: '#ffffff' }, { kind: 'share' }],
])('Requests with different %s have different identities', (_, one, other) => {
  expect(identityOf(requestFor('a', { outputs: [one] }))).not.toBe(
    identityOf(requestFor('a', { outputs: [other] })),
  );
});

it('The identity has the old form for a tape that everyone may know, and differs by who may know and read it', () => {
  expect(identityOf(requestFor('a'))).toBe('0cd7dd36679b12528cdea65f76e2c6bc');
  const given: Partial<BakeRequest>[] = [
    {},
    { private: true },
    { acl: 'private' },
    { private: true, acl: 'public-read' },
  ];
  expect(new Set(given.map((part) => identityOf(requestFor('a', part)))).size).toBe(4);
  const same: [Partial<BakeRequest>, Partial<BakeRequest>][] = [
    [{ private: false }, {}],
    [{ acl: 'public-read' }, {}],
    [{ publish: false }, {}],
    [{ private: true, acl: 'private' }, { private: true }],
  ];
  for (const [one, other] of same) {
    expect(identityOf(requestFor('a', one))).toBe(identityOf(requestFor('a', other)));
  }
});
