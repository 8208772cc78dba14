import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GitHub, type Post } from '../../scripts/ci/lib/github.ts';
import { publishComment, publishIssue } from '../../scripts/ci/lib/publish.ts';
import { marker } from '../../scripts/ci/lib/report.ts';
import { startApi } from './server.ts';

const BOT = { login: 'github-actions[bot]' };
const COMMENT = `${marker('preview', 'prod')}\nold`;
const ISSUE = `${marker('drift', 'prod')}\nold`;

let posts: Post[];
let api: Awaited<ReturnType<typeof startApi>>;
let github: GitHub;

beforeEach(async () => {
  posts = [];
  api = await startApi(({ method, path }) => {
    if (method !== 'GET') return [method === 'POST' ? 201 : 200, {}];
    const page = Number(new URL(path, 'http://x').searchParams.get('page'));
    return [200, posts.slice((page - 1) * 100, page * 100)];
  });
  github = new GitHub({ GITHUB_API_URL: api.url, GITHUB_REPOSITORY: 'o/r', GITHUB_TOKEN: 'token' });
});
afterEach(() => api.close());

const written = () => api.calls.filter(({ method }) => method !== 'GET');

describe('the comment of a pull request', () => {
  const others: Post[] = [
    { id: 1, body: COMMENT, user: { login: 'somebody' } },
    { id: 2, body: `quoted: ${COMMENT}`, user: BOT },
    { id: 3, body: marker('preview', 'test'), user: BOT },
    { id: 4, body: ISSUE, user: BOT },
    { id: 5, body: null, user: null },
  ];

  test('The comment of a pull request is made when there is none', async () => {
    posts = others;
    expect(await publishComment(github, 12, 'prod', 'new')).toBe('made');
    expect(written()).toMatchObject([
      { method: 'POST', path: '/repos/o/r/issues/12/comments', body: { body: 'new' } },
    ]);
    expect(api.calls[0]?.headers.authorization).toBe('Bearer token');
  });

  test('The comment of a pull request is edited, wherever it is in the list', async () => {
    const filler = Array.from({ length: 250 }, (_, id) => ({ id: 100 + id, body: 'talk', user: BOT }));
    posts = [...others, ...filler, { id: 999, body: COMMENT, user: BOT }];
    expect(await publishComment(github, 12, 'prod', 'new')).toBe('edited');
    expect(written()).toMatchObject([
      { method: 'PATCH', path: '/repos/o/r/issues/comments/999', body: { body: 'new' } },
    ]);
  });

  test('A refused comment is an error', async () => {
    const refusing = await startApi(() => [403, { message: 'Resource not accessible by integration' }]);
    const environment = { GITHUB_API_URL: refusing.url, GITHUB_REPOSITORY: 'o/r', GITHUB_TOKEN: 't' };
    const lost = publishComment(new GitHub(environment), 12, 'prod', 'new');
    await expect(lost).rejects.toThrow('403 to GET /issues/12/comments?per_page=100&page=1');
    await refusing.close();
  });

  test('The comment needs a token', () => {
    expect(() => new GitHub({ GITHUB_API_URL: api.url, GITHUB_REPOSITORY: 'o/r' })).toThrow('GITHUB_TOKEN');
  });
});

describe('the issue on drift', () => {
  const mine: Post = { id: 70, number: 7, body: ISSUE, user: BOT };
  const pull: Post = { id: 60, number: 6, body: ISSUE, user: BOT, pull_request: {} };
  const edit = { method: 'PATCH', path: '/repos/o/r/issues/7', body: { body: 'new' } };
  const make = {
    method: 'POST',
    path: '/repos/o/r/issues',
    body: { title: 'prod differs from main', body: 'new' },
  };
  const close = [
    { method: 'POST', path: '/repos/o/r/issues/7/comments', body: { body: 'Nothing differs any more: RUN' } },
    { method: 'PATCH', path: '/repos/o/r/issues/7', body: { state: 'closed', state_reason: 'completed' } },
  ];

  test.each([
    ['changed', [], 'made', [make]],
    ['changed', [pull], 'made', [make]],
    ['changed', [pull, mine], 'edited', [edit]],
    ['same', [mine], 'closed', close],
    ['same', [pull], 'none', []],
    ['failed', [mine], 'left', []],
    ['failed', [], 'left', []],
  ] as const)(
    'After the outcome %s and with %j open, the issue about drift is %s',
    async (outcome, open, result, calls) => {
      posts = [...open];
      expect(await publishIssue(github, 'prod', { outcome, body: 'new', run: 'RUN' })).toBe(result);
      expect(written()).toHaveLength(calls.length);
      expect(written()).toMatchObject(calls);
    },
  );
});
