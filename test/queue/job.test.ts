import { expect, it } from 'vitest';
import { identityOf, nextJobId } from '../../service/queue/job.ts';
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
