import type { LookupFunction } from 'node:net';
import { describe, expect, it } from 'vitest';
import { isPublicAddress, publicOnly } from '../../service/source/address-guard.ts';
import { allowList } from '../../service/source/allow-list.ts';
import { type DownloadOptions, download } from '../../service/source/download.ts';
import { failure } from './failure.ts';
import { useSource } from './scratch.ts';

const PRIVATE = [
  '0.0.0.0',
  '0.1.2.3',
  '10.1.2.3',
  '100.64.0.1',
  '100.127.255.255',
  '127.0.0.1',
  '127.255.255.255',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.1',
  '192.0.2.1',
  '192.168.1.1',
  '192.88.99.1',
  '198.18.0.1',
  '198.51.100.1',
  '203.0.113.1',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::7f00:1',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '::ffff:10.0.0.1',
  '::ffff:0:7f00:1',
  '64:ff9b::7f00:1',
  '64:ff9b::808:808',
  '64:ff9b:1::1',
  '100::1',
  '2001::1',
  '2001:db8::1',
  '2002:7f00:1::',
  '2002:808:808::',
  '3fff::1',
  '5f00::1',
  'fc00::1',
  'fd12:3456::1',
  'fe80::1',
  'fe80::1%lo',
  'fec0::1',
  'ff02::1',
  '1::1',
  '4000::1',
];
const PUBLIC = ['1.1.1.1', '8.8.8.8', '100.63.255.255', '100.128.0.1', '172.32.0.1', '::ffff:8.8.8.8'];
const ALSO_PUBLIC = ['2606:4700:4700::1111', '[2606:4700:4700::1111]'];
const NONE = [
  '',
  '127.1',
  '0x7f.1',
  '0177.0.0.1',
  '2130706433',
  '8.8',
  '08.8.8.8',
  'localhost',
  '[8.8.8.8',
  ' 8.8.8.8',
];

describe('isPublicAddress', () => {
  it.each([...PRIVATE, ...PRIVATE.map((address) => `[${address}]`)])(
    'The address %s is not public',
    (address) => {
      expect(isPublicAddress(address)).toBe(false);
    },
  );
  it.each([...PUBLIC, ...ALSO_PUBLIC])('The address %s is public', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });
  it.each(NONE)('The text "%s" is no public address', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

/** A lookup that answers with these addresses. */
function answering(...addresses: string[]): LookupFunction {
  return (_, __, callback) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
}

describe('publicOnly', () => {
  it.each([
    [['8.8.8.8'], ['8.8.8.8']],
    [
      ['127.0.0.1', '8.8.8.8', '::1', '2606:4700::1'],
      ['8.8.8.8', '2606:4700::1'],
    ],
    [['127.0.0.1'], 'SOURCE_PRIVATE_ADDRESS'],
    [['::ffff:169.254.169.254', '10.0.0.1'], 'SOURCE_PRIVATE_ADDRESS'],
    [[], 'SOURCE_PRIVATE_ADDRESS'],
  ])('A lookup of the addresses %j keeps only public ones', (addresses, left) => {
    const lookup = publicOnly(answering(...addresses));
    lookup('tapes.example', { all: true }, (error, found) => {
      const all = Array.isArray(found) ? found.map(({ address }) => address) : found;
      expect(error ? (error as { code?: string }).code : all).toEqual(left);
    });
    lookup('tapes.example', {}, (error, address, family) => {
      if (typeof left === 'string') expect(error).toMatchObject({ code: left });
      else expect([address, family]).toEqual([left[0], 4]);
    });
    expect.assertions(2);
  });

  it('The error of a lookup is passed on', () => {
    const failed = new Error('no such name');
    publicOnly((_, __, callback) => callback(failed, []))('tapes.example', {}, (error) => {
      expect(error).toBe(failed);
    });
    expect.assertions(1);
  });
});

describe('download', () => {
  const rig = useSource('127.0.0.1');

  const get = (url: string, changed: Partial<DownloadOptions> = {}) => {
    const limits = { maxBytes: 1000, connectMs: 5000, idleMs: 5000, totalMs: 20_000 };
    const signal = new AbortController().signal;
    const isAllowed = () => ({ trusted: false });
    return download(new URL(url), rig.folder.file(), { isAllowed, ...limits, signal, ...changed });
  };
  /** A URL with the port of the rig.source, which would answer. */
  const at = (host: string, path = '/whole/9') => `http://${host}:${rig.source.port}${path}`;

  it.each([
    '127.0.0.1',
    '127.1',
    '0x7f.1',
    '0177.0.0.1',
    '2130706433',
    '0x7f000001',
    '127.0.0.1.',
    '１２７.0.0.1',
    '0.0.0.0',
    '0',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::127.0.0.1]',
    '169.254.169.254',
    '100.64.0.1',
    '10.0.0.1',
    '192.168.0.1',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
    '[fe80::1]',
    '[fd00::1]',
    'localhost',
    'LOCALHOST',
  ])('A download from the private host %s is refused', async (host) => {
    expect((await failure(get(at(host)))).code).toBe('SOURCE_PRIVATE_ADDRESS');
    expect(rig.source.asked).toEqual([]);
    expect(await rig.folder.left()).toEqual([]);
  });

  it.each(['127.0.0.1', '127.1', '0x7f.1', '0.0.0.0', '[::ffff:127.0.0.1]', 'localhost'])(
    'A download from the private host %s is allowed if it is trusted',
    async (host) => {
      const lookup = answering('127.0.0.1');
      const { bytes } = await get(at(host), { isAllowed: () => ({ trusted: true }), lookup });
      expect(bytes).toBe(9);
    },
  );

  it.each([['127.0.0.1'], ['::ffff:127.0.0.1'], ['169.254.169.254', '127.0.0.1']])(
    'A download from a name with the private address %s is refused',
    async (...addresses) => {
      const fetching = get(at('tapes.example'), { lookup: answering(...addresses) });
      expect((await failure(fetching)).code).toBe('SOURCE_PRIVATE_ADDRESS');
      expect(rig.source.asked).toEqual([]);
    },
  );

  it('A download whose second hop has a private address is refused', async () => {
    // The first hop is trusted, so that it is answered; the name is looked up again for the second.
    const hops: string[] = [];
    const isAllowed = (url: URL) => ({ trusted: hops.push(url.pathname) === 1 });
    const fetching = get(at('tapes.example', '/hops/1/whole/9'), {
      isAllowed,
      lookup: answering('127.0.0.1'),
    });
    expect((await failure(fetching)).code).toBe('SOURCE_PRIVATE_ADDRESS');
    expect(rig.source.asked.map(({ path }) => path)).toEqual(['/hops/1/whole/9']);
  });

  it.each([
    ['the same port by another name', () => at('localhost'), 'SOURCE_NOT_ALLOWED'],
    ['an allowed name on a private address', () => at('tapes.example'), 'SOURCE_PRIVATE_ADDRESS'],
    ['the metadata of the machine', () => 'http://169.254.169.254/metadata/v1.json', 'SOURCE_NOT_ALLOWED'],
    ['another path', () => at('127.0.0.1', '/whole/9'), 'SOURCE_NOT_ALLOWED'],
    ['a path with dots', () => at('127.0.0.1', '/to/../whole/9'), 'SOURCE_NOT_ALLOWED'],
  ])('A trusted rig.source can not redirect a download to %s', async (_, to, code) => {
    const isAllowed = allowList([at('127.0.0.1', '/to'), at('tapes.example', '')]);
    const url = at('127.0.0.1', `/to?url=${encodeURIComponent(to())}`);
    const fetching = get(url, { isAllowed, lookup: answering('127.0.0.1') });
    expect((await failure(fetching)).code).toBe(code);
    expect(rig.source.asked).toHaveLength(1);
  });

  it.each(['http://me:pass@127.0.0.1/', 'file:///etc/passwd', 'data:text/plain,a', 'ftp://127.0.0.1/'])(
    'A download from %s is refused',
    async (url) => {
      const fetching = get(url, { isAllowed: () => ({ trusted: true }) });
      expect((await failure(fetching)).code).toBe('SOURCE_NOT_ALLOWED');
    },
  );
});
