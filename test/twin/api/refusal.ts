/** A request that is refused: each API says it in its own form. */
export class Refusal extends Error {
  readonly status: number;
  /** Cloudflare's number for it. */
  readonly code: number | undefined;
  constructor(status: number, message: string, code?: number) {
    super(message);
    this.name = 'Refusal';
    this.status = status;
    this.code = code;
  }
}

const IDS: Readonly<Record<number, string>> = {
  400: 'bad_request',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  409: 'conflict',
  422: 'unprocessable_entity',
  429: 'too_many_requests',
  503: 'service_unavailable',
};

/** The body of DigitalOcean's errors. */
export function digitaloceanError(status: number, message: string) {
  return { id: IDS[status] ?? (status >= 500 ? 'server_error' : 'bad_request'), message };
}

const CODES: Readonly<Record<number, number>> = { 401: 10000, 404: 7003, 429: 971, 422: 1004, 400: 1004 };

/** The body of Cloudflare's errors. */
export function cloudflareError(status: number, message: string, code = CODES[status] ?? 1000) {
  return { success: false, errors: [{ code, message }], messages: [], result: null };
}
