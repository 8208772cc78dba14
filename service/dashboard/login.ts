/** The operator's login: `GET /login` shows the form, `POST /login` and `POST /logout` set and remove the cookie. */
import type { Context, Hono, MiddlewareHandler } from 'hono';
import { ApiError, sendError } from '../http/errors.ts';
import { isOperator, type Operator } from '../http/operator.ts';
import { JOB_ID } from '../lib/ids.ts';
import type { Log } from '../lib/log.ts';
import { type Markup, markup } from './markup.ts';
import { type Frame, renderFrame } from './page.ts';

export interface LoginOptions {
  readonly operator: Operator;
  readonly frame: Frame;
  readonly headers: MiddlewareHandler;
  readonly log: Log;
}

/** Adds the routes of the login. */
export function loginRoutes(app: Hono, { operator, frame, headers, log }: LoginOptions): void {
  app.get('/login', headers, (c) => {
    const next = pathAfter(c.req.query('next'));
    return isOperator(c) ? c.redirect(next, 303) : sendLogin(c, frame, { next });
  });

  app.post('/login', headers, async (c) => {
    const form = await c.req.parseBody().catch(() => ({}) as Record<string, unknown>);
    const { secret, next } = form;
    try {
      operator.login(c, typeof secret === 'string' ? secret : '');
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      log.warn({ requestId: c.get('requestId'), code: error.code }, 'login refused');
      return sendLogin(c, frame, { next: pathAfter(next), error });
    }
    log.info({ requestId: c.get('requestId') }, 'operator logged in');
    return c.redirect(pathAfter(next), 303);
  });

  app.post('/logout', headers, (c) => {
    operator.logout(c);
    return c.redirect('/', 303);
  });
}

/** Lets only operators pass: others get the form in place of a page, and 401 in place of the stream of events. */
export function loginFirst(frame: Frame): MiddlewareHandler {
  return async (c, next) => {
    if (isOperator(c)) return next();
    const error = new ApiError('UNAUTHORIZED');
    if (c.req.path === '/events') return sendError(c, error);
    return sendLogin(c, frame, { next: pathAfter(c.req.path), status: 401 });
  };
}

interface Login {
  readonly next: string;
  readonly error?: ApiError;
  readonly status?: 401;
}

function sendLogin(c: Context, frame: Frame, { next, error, status }: Login): Response | Promise<Response> {
  if (error?.retryAfter !== undefined) c.header('Retry-After', String(error.retryAfter));
  c.header('Cache-Control', 'no-store');
  const page = { title: 'Log in · Oven', headline: 'for operators', busy: false, trouble: undefined };
  const main = renderLogin(next, error?.message);
  return c.html(
    renderFrame({ ...frame, visitor: 'unknown' }, { ...page, main }),
    error?.status ?? status ?? 200,
  );
}

function renderLogin(next: string, fault: string | undefined): Markup {
  return markup`<section aria-labelledby="login-title">
    <h2 id="login-title">Log in</h2>
    <form id="login" method="post" action="/login">
      ${fault && markup`<p id="login-fault" class="failure" role="alert">${fault}</p>`}
      <input type="hidden" name="next" value="${next}">
      <p class="find"><label for="secret">Secret</label> <input id="secret" type="password" name="secret" required autofocus autocomplete="current-password"${fault && markup` aria-invalid="true" aria-describedby="login-fault"`}></p>
      <p><button type="submit">Log in</button></p>
    </form>
    <p>It is one of <code>CALLBACK_SECRET</code>. After 12 hours, or when you log out, it is asked for again.</p>
  </section>`;
}

/** Where a login leads: a page of the dashboard, and to no other address. */
function pathAfter(next: unknown): string {
  const [, id] = /^\/jobs\/([^/]+)$/.exec(typeof next === 'string' ? next : '') ?? [];
  return id !== undefined && JOB_ID.test(id) ? `/jobs/${id}` : '/';
}
