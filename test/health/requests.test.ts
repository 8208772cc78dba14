import { expect, it } from 'vitest';
import { judgeRequests, openRequests, REQUEST_LIMITS } from '../../service/health/requests.ts';

it.each<[string, { all: number; failed?: number; slow?: number }, string[]]>([
  ['none', { all: 0 }, []],
  ['good ones', { all: 500 }, []],
  ['two 5xx of two', { all: 2, failed: 2 }, []],
  ['three 5xx of three', { all: 3, failed: 3 }, ['API_FAILING']],
  ['three 5xx of sixty', { all: 60, failed: 3 }, ['API_FAILING']],
  ['three 5xx of a hundred', { all: 100, failed: 3 }, []],
  ['slow ones', { all: 20, slow: 3 }, ['API_FAILING']],
  ['both, too few of each', { all: 20, failed: 2, slow: 1 }, ['API_FAILING']],
])('Requests of which there are %s are judged %j', (_what, { all, failed = 0, slow = 0 }, codes) => {
  expect(judgeRequests({ all, failed, slow }, REQUEST_LIMITS).map(({ code }) => code)).toEqual(codes);
});

function open() {
  let now = 0;
  const requests = openRequests({ now: () => now });
  const end = (status: number, isFault = status >= 500) => ({
    method: 'POST',
    route: '/bake',
    status,
    isFault,
  });
  return {
    requests,
    end,
    wait: (ms: number) => {
      now += ms;
    },
    codes: () => requests.judge().map(({ code }) => code),
  };
}

it('Requests count for five minutes', () => {
  const { requests, end, wait, codes } = open();
  for (let i = 0; i < 3; i += 1) requests.begin('/bake')(end(500));
  expect(codes()).toEqual(['API_FAILING']);
  wait(299_000);
  expect(codes()).toEqual(['API_FAILING']);
  wait(1000);
  expect(codes()).toEqual([]);
});

it('A request that still hangs counts as a timeout, and no longer than five minutes after its end', () => {
  const { requests, end, wait, codes } = open();
  const ends = ['/bake', '/bake', '/'].map((path) => requests.begin(path));
  wait(4999);
  expect(codes()).toEqual([]);
  wait(1);
  expect(codes()).toEqual(['API_FAILING']);
  wait(3_600_000);
  for (const finish of ends) finish(end(200));
  expect(codes()).toEqual(['API_FAILING']);
  wait(301_000);
  expect(codes()).toEqual([]);
});

it.each(['/health', '/health/work', '/health/host'])('What monitors ask at %s does not count', (path) => {
  const { requests, end, codes } = open();
  for (let i = 0; i < 100; i += 1) requests.begin(path)(end(503));
  expect(codes()).toEqual([]);
});

it("A drained service and its callers' faults do not count", () => {
  const { requests, end, codes } = open();
  for (let i = 0; i < 9; i += 1) requests.begin('/bake')(end(503, false));
  for (let i = 0; i < 9; i += 1) requests.begin('/bake')(end(404));
  expect(codes()).toEqual([]);
});
