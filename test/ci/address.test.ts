import { describe, expect, test } from 'vitest';
import { ADDRESS_SERVICES, findAddress, parseAddress } from '../../scripts/ci/lib/address.ts';

describe('an answer is one public IPv4 address', () => {
  test.each(['20.51.1.2', '20.51.1.2\n', ' 8.8.8.8\r\n'])(
    '%j is accepted as one public IPv4 address',
    (answer) => {
      expect(parseAddress(answer)).toBe(answer.trim());
    },
  );

  test.each([
    ['', 'not an IPv4'],
    ['<html>busy</html>', 'not an IPv4'],
    ['2001:db8::1', 'not an IPv4'],
    ['20.51.1.2 20.51.1.3', 'not an IPv4'],
    ['20.51.1.2/8', 'not an IPv4'],
    ['020.51.1.2', 'not an IPv4'],
    ['0x14.51.1.2', 'not an IPv4'],
    ['345.1.1.1', 'not an IPv4'],
    ['0.0.0.0', 'not a public'],
    ['10.1.2.3', 'private'],
    ['172.20.1.1', 'private'],
    ['192.168.1.1', 'private'],
    ['100.64.0.1', 'carrierGradeNat'],
    ['127.0.0.1', 'loopback'],
    ['169.254.169.254', 'linkLocal'],
    ['203.0.113.7', 'reserved'],
    ['224.0.0.1', 'multicast'],
    ['255.255.255.255', 'broadcast'],
  ])('%j is refused as an address', (answer, why) => {
    expect(() => parseAddress(answer)).toThrow(why);
  });

  test('An error page is not shown whole', () => {
    expect(() => parseAddress('x'.repeat(5000))).toThrow(/^"x{60}" is not/);
  });
});

describe('the services are asked', () => {
  const asking = (first: string | Error, second: string | Error) => (url: string) => {
    const answer = url === ADDRESS_SERVICES[0] ? first : second;
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const silent = new Error('no answer');

  test('The address services are asked over TLS only', () => {
    for (const url of ADDRESS_SERVICES) expect(new URL(url).protocol).toBe('https:');
  });

  test.each([
    ['both agree', '20.51.1.2', '20.51.1.2\n'],
    ['the second is silent', '20.51.1.2', silent],
    ['the first is silent', silent, '20.51.1.2'],
    ['the first talks nonsense', '<html>', '20.51.1.2'],
    ['the first names a private one', '10.0.0.1', '20.51.1.2'],
  ])('The address is known when %s', async (_when, first, second) => {
    expect(await findAddress(asking(first, second))).toBe('20.51.1.2');
  });

  test.each([
    ['they differ', '20.51.1.2', '20.51.1.3', 'several addresses: 20.51.1.2, 20.51.1.3'],
    ['both are silent', silent, silent, 'no answer'],
    ['both talk nonsense', '', '::1', 'not an IPv4'],
  ])('The address is not known when %s', async (_when, first, second, why) => {
    await expect(findAddress(asking(first, second))).rejects.toThrow(why);
  });
});
