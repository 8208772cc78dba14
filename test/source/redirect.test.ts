import { describe, expect, it } from 'vitest';
import { nextHop } from '../../service/source/download.ts';

const A = new URL('https://a.example/x/y?z=1');

describe('nextHop', () => {
  it.each([
    ['https://b.example/', 'https://b.example/'],
    ['//b.example/q', 'https://b.example/q'],
    ['/q#part', 'https://a.example/q'],
    ['q', 'https://a.example/x/q'],
    ['?z=2', 'https://a.example/x/y?z=2'],
    ['\\\\b.example\\q', 'https://b.example/q'],
  ])('A redirect to %s leads to %s', (location, to) => {
    expect(nextHop([A], location, 3).href).toBe(to);
  });

  it.each([
    ['http://b.example/', 'from https to http'],
    ['ftp://b.example/', 'from https to http'],
    ['javascript:alert(1)', 'from https to http'],
    ['', 'in a circle'],
    ['#part', 'in a circle'],
    ['https://A.example:443/x/y?z=1', 'in a circle'],
    ['https://', 'nowhere'],
    [undefined, 'nowhere'],
    [['/a', '/b'], 'nowhere'], // two at once
  ])('A redirect to %s is refused, since it leads %s', (location, why) => {
    expect(() => nextHop([A], location, 3)).toThrow(why);
  });

  it('A redirect after three others is refused', () => {
    const visited = [1, 2, 3, 4].map((n) => new URL(`https://a.example/${n}`));
    expect(nextHop(visited.slice(0, 3), '/5', 3).pathname).toBe('/5');
    expect(() => nextHop(visited, '/5', 3)).toThrow('too many');
  });
});
