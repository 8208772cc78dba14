/** A comment or an issue, with the fields that this program needs. */
export interface Post {
  readonly id: number;
  readonly number?: number;
  readonly body?: string | null;
  readonly user?: { readonly login: string } | null;
  readonly pull_request?: unknown;
}

/** The author of posts that these workflows may edit, because anyone can write a marker. */
const AUTHOR = 'github-actions[bot]';

/** The first post of the workflows that begins with a marker. It skips pull requests. */
export function findOwn(posts: readonly Post[], mark: string): Post | undefined {
  return posts.find(
    ({ body, user, pull_request }) =>
      user?.login === AUTHOR && pull_request === undefined && body?.startsWith(mark),
  );
}

/** A client of GitHub's API for the workflow's repository. */
export class GitHub {
  readonly #base: string;
  readonly #token: string;

  constructor(environment: NodeJS.ProcessEnv) {
    const { GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_TOKEN } = environment;
    if (!GITHUB_API_URL || !GITHUB_REPOSITORY || !GITHUB_TOKEN)
      throw new Error('GITHUB_API_URL, GITHUB_REPOSITORY and GITHUB_TOKEN have to be set');
    this.#base = `${GITHUB_API_URL}/repos/${GITHUB_REPOSITORY}`;
    this.#token = GITHUB_TOKEN;
  }

  /** Reads all pages of a list. */
  async list(path: string): Promise<readonly Post[]> {
    const posts: Post[] = [];
    const join = path.includes('?') ? '&' : '?';
    for (let page = 1; ; page++) {
      const part = (await this.send('GET', `${path}${join}per_page=${PAGE}&page=${page}`)) as Post[];
      posts.push(...part);
      if (part.length < PAGE) return posts;
    }
  }

  /** Sends one request. Throws with GitHub's text when it is refused. */
  async send(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(`${this.#base}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        accept: 'application/vnd.github+json',
        'x-github-api-version': '2022-11-28',
      },
      signal: AbortSignal.timeout(30_000),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok)
      throw new Error(`GitHub answered ${response.status} to ${method} ${path}: ${text.slice(0, 300)}`);
    return JSON.parse(text);
  }
}

const PAGE = 100;
