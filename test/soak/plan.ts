import { pick, seeded } from '../tapes/random.ts';

/** What the service needs from outside. The source and the receiver are only read and only written, so each is `down` or `full`. */
export type Neighbour = 'redis' | 'storage' | 'disk' | 'source' | 'receiver';
export type State = 'down' | 'full' | 'readOnly';

interface Outage<What> {
  readonly at: number;
  readonly what: What;
  readonly neighbour: Neighbour;
  readonly state: State;
}

/** `at` is in seconds since the start of the run. */
export type Event =
  | Outage<'begin'>
  | Outage<'end'>
  | { readonly at: number; readonly what: 'kill'; readonly victim: 'service' | 'redis' | 'both' }
  | { readonly at: number; readonly what: 'restart' };

export interface Plan {
  readonly events: readonly Event[];
  /** Seconds from the first tape to the last one. */
  readonly seconds: number;
  /** Seconds between two tapes. */
  readonly every: number;
}

/** When each outage begins, in fifteenths of a long run, of which each lasts one. Some overlap. */
const OUTAGES: readonly [at: number, Neighbour, State][] = [
  // A callback that failed twice waits five minutes: the second outage is over by then.
  [0.3, 'receiver', 'down'],
  [1.3, 'receiver', 'full'],
  [1.2, 'redis', 'down'],
  [1.8, 'storage', 'down'],
  [3.2, 'source', 'down'],
  [4.3, 'redis', 'full'],
  [4.9, 'disk', 'full'],
  [7, 'storage', 'full'],
  [7.5, 'disk', 'down'],
  [9.5, 'redis', 'readOnly'],
  [10.1, 'storage', 'readOnly'],
  [11.6, 'source', 'full'],
  [12.5, 'disk', 'readOnly'],
];

/** Each neighbour is down, full and read-only once for a fifteenth of the time; about once a minute something is killed or restarted. */
export function longPlan(seed: number, minutes: number): Plan {
  const seconds = minutes * 60;
  const unit = seconds / 15;
  const outages = OUTAGES.map(([at, neighbour, state]) => outage(at * unit, unit, neighbour, state));
  return { events: inOrder([...outages.flat(), ...disturbances(seed, seconds)]), seconds, every: 2.4 };
}

/** Outages that are over within seconds, since after no other one a tape waits long; each is followed by a kill. */
export function shortPlan(seed: number): Plan {
  const random = seeded(seed);
  const outages: readonly [Neighbour, State][] = [
    ['receiver', 'down'],
    ['redis', 'down'],
    ['redis', 'readOnly'],
    ['source', 'full'],
  ];
  const events = outages.flatMap(([neighbour, state], n): Event[] => [
    ...outage(1 + 4 * n, 2, neighbour, state),
    { at: 3.5 + 4 * n + random(), what: 'kill', victim: pick(random, ['service', 'both']) },
  ]);
  return { events, seconds: 17, every: 0.8 };
}

function outage(at: number, seconds: number, neighbour: Neighbour, state: State): Event[] {
  return [
    { at, what: 'begin', neighbour, state },
    { at: at + seconds, what: 'end', neighbour, state },
  ];
}

function disturbances(seed: number, seconds: number): Event[] {
  const random = seeded(seed);
  const events: Event[] = [];
  for (let at = 20; at < seconds; at += 30 + random() * 50) {
    const victim = pick(random, ['service', 'service', 'service', 'redis', 'both'] as const);
    const isKill = random() < 0.75;
    events.push(isKill ? { at, what: 'kill', victim } : { at, what: 'restart' });
  }
  return events;
}

function inOrder(events: readonly Event[]): Event[] {
  return [...events].sort((a, b) => a.at - b.at);
}
