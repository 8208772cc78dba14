/** Which calls a fault is for. */
export interface FaultScope {
  /** Any, when left out. */
  readonly method?: string;
  /** Tested against the path without its query, such as /v2/droplets. */
  readonly path: RegExp;
  /** How many calls it meets; 1 when left out. */
  readonly times?: number;
  /** How many such calls pass before; 0 when left out. */
  readonly after?: number;
}

/** What goes wrong. */
export type FaultKind =
  /** The call is refused and nothing is done. `retryAfter` is in seconds. */
  | {
      readonly status: 400 | 401 | 403 | 404 | 409 | 422 | 429 | 500 | 502 | 503;
      readonly retryAfter?: number;
      readonly message?: string;
    }
  /** The connection is cut: before anything is done, or when it is done and only the answer is missing. */
  | { readonly cut: 'before' | 'after' }
  /** An action that the call begins looks unfinished so many times; Infinity: it never ends, though its work is done. */
  | { readonly polls: number };

export type Fault = FaultScope & FaultKind;

/** A fault that was ordered. */
export interface OrderedFault {
  /** How many calls it has met so far. */
  readonly met: () => number;
  /** Takes it back. */
  readonly cancel: () => void;
}

interface Entry {
  readonly fault: Fault;
  passed: number;
  met: number;
}

/** Errors on demand: which call meets which, by counting alone. */
export class Faults {
  #entries: Entry[] = [];

  /** Orders a fault. Of several that a call could meet it meets the first that is not used up. */
  add(fault: Fault): OrderedFault {
    // A regular expression with one of these flags remembers where it was.
    if (fault.path.global || fault.path.sticky) throw new TypeError('a path without the flags g and y');
    const entry = { fault, passed: 0, met: 0 };
    this.#entries.push(entry);
    const cancel = () => {
      this.#entries = this.#entries.filter((one) => one !== entry);
    };
    return { met: () => entry.met, cancel };
  }

  clear(): void {
    this.#entries = [];
  }

  /** The fault that a call meets, which counts it. */
  meet(method: string, path: string): Fault | undefined {
    for (const entry of this.#entries) {
      const { fault } = entry;
      if ((fault.method !== undefined && fault.method !== method) || !fault.path.test(path)) continue;
      if (entry.met >= (fault.times ?? 1)) continue;
      if (entry.passed < (fault.after ?? 0)) {
        entry.passed += 1;
        continue;
      }
      entry.met += 1;
      return fault;
    }
    return undefined;
  }
}
