import { describe, expect, it } from 'vitest';
import { allowList } from '../../service/source/allow-list.ts';

const allowed = allowList([
  'https://art.sfo3.digitaloceanspaces.com',
  'https://sfo3.digitaloceanspaces.com/art',
  'https://files.example/deep/er/',
  'https://bücher.example',
  'https://port.example:8443',
  'https://pipe.example/auth0|abc',
  'http://127.0.0.1:9000/art',
  'http://[::1]:9000',
  'http://0x7f.1:7000',
  'http://8.8.8.8',
  'http://localhost:3000',
  'http://receiver:8080',
  'http://redis.internal',
  'file:///srv/art',
]);

describe('allowed URLs', () => {
  it.each([
    ['https://art.sfo3.digitaloceanspaces.com/abc.zip', false],
    ['https://ART.sfo3.DigitalOceanSpaces.com:443/abc.zip?sig=1#there', false],
    ['https://art.sfo3.digitaloceanspaces.com', false],
    ['https://sfo3.digitaloceanspaces.com/art/abc.zip', false],
    ['https://sfo3.digitaloceanspaces.com/art', false],
    ['https://sfo3.digitaloceanspaces.com/art/', false],
    ['https://sfo3.digitaloceanspaces.com/%61rt/abc.zip', false], // the same, to a server
    ['https://sfo3.digitaloceanspaces.com/other/../art/abc.zip', false], // parsed before it is sent
    ['https://sfo3.digitaloceanspaces.com/art/auth0%7Cabc/2025.10.01.zip', false],
    ['https://sfo3.digitaloceanspaces.com/art/..zip', false],
    ['https://sfo3.digitaloceanspaces.com\\art\\abc.zip', false], // a slash, by the rules of https
    ['https://files.example/deep/er/abc.zip', false],
    ['https://xn--bcher-kva.example/a', false],
    ['https://BÜCHER.example/a', false],
    ['https://port.example:8443/a', false],
    ['https://pipe.example/auth0%7Cabc/a.zip', false],
    ['http://127.0.0.1:9000/art/a.zip', true],
    ['http://2130706433:9000/art/a.zip', true], // parsed to the same address
    ['http://[0:0:0:0:0:0:0:1]:9000/a', true],
    ['http://127.0.0.1:7000/a', true],
    ['http://8.8.8.8/a', false],
    ['http://localhost:3000/a', true],
    ['http://receiver:8080/a', true],
    ['http://redis.internal/a', true],
    ['file:///srv/art/a.zip', false],
  ])('The URL %s is allowed', (url, trusted) => {
    expect(allowed(new URL(url))).toEqual({ trusted });
  });
});

describe('URLs that are not allowed', () => {
  it.each([
    'http://art.sfo3.digitaloceanspaces.com/abc.zip', // another scheme
    'https://art.sfo3.digitaloceanspaces.com:8443/abc.zip',
    'https://art.sfo3.digitaloceanspaces.com./abc.zip',
    'https://art.sfo3.digitaloceanspaces.com.evil.example/abc.zip',
    'https://evil-art.sfo3.digitaloceanspaces.com/abc.zip',
    'https://art.sfo3.digitaloceanspaces.com@evil.example/abc.zip',
    'https://evil.example/https://art.sfo3.digitaloceanspaces.com/abc.zip',
    'https://me@art.sfo3.digitaloceanspaces.com/abc.zip',
    'https://:pass@art.sfo3.digitaloceanspaces.com/abc.zip',
    'https://evil.example\\@art.sfo3.digitaloceanspaces.com/abc.zip',
    'https://sfo3.digitaloceanspaces.com/artful/abc.zip',
    'https://sfo3.digitaloceanspaces.com/ar',
    'https://sfo3.digitaloceanspaces.com/Art/abc.zip',
    'https://sfo3.digitaloceanspaces.com/',
    'https://sfo3.digitaloceanspaces.com//art/abc.zip',
    'https://sfo3.digitaloceanspaces.com/art/../other/abc.zip',
    'https://sfo3.digitaloceanspaces.com/art/%2e%2e/other/abc.zip',
    'https://sfo3.digitaloceanspaces.com/art/.%2E/other/abc.zip',
    'https://sfo3.digitaloceanspaces.com/art/..%2fother/abc.zip',
    'https://sfo3.digitaloceanspaces.com/art/x%2F..%2F..%2Fother/abc.zip',
    'https://sfo3.digitaloceanspaces.com/art%2fabc.zip',
    'https://sfo3.digitaloceanspaces.com/art/..%5cother/abc.zip',
    'https://sfo3.digitaloceanspaces.com/art\\..\\other/abc.zip',
    'https://sfo3.digitaloceanspaces.com/art/%252e%252e/other/abc.zip',
    'https://sfo3.digitaloceanspaces.com/art/%25252e%25252e%25252fother/abc.zip',
    'https://sfo3.digitaloceanspaces.com/art/..;/other/abc.zip',
    'https://sfo3.digitaloceanspaces.com/art/%00/abc.zip',
    'https://sfo3.digitaloceanspaces.com/art/%zz/abc.zip',
    'https://sfo3.digitaloceanspaces.com/art/%ff/abc.zip',
    'https://files.example/deep/er.zip',
    'https://files.example/deep%2fer/abc.zip',
    'https://xn--bcher-kva.example.evil.example/',
    'https://bu\u0308cher.evil.example/',
    'https://port.example/a',
    'http://127.0.0.1:9001/art/a.zip',
    'http://127.0.0.1:9000/artful/a.zip',
    'http://127.0.0.2:9000/art/a.zip',
    'ftp://art.sfo3.digitaloceanspaces.com/abc.zip',
    'file:///etc/passwd',
    'file:///srv/art/../../etc/passwd',
    'file:///srv/art/..%2f..%2fetc/passwd',
    'file://host/srv/art/a.zip',
    'data:text/plain,a',
    'blob:https://art.sfo3.digitaloceanspaces.com/abc',
  ])('The URL %s is not allowed', (url) => {
    expect(allowed(new URL(url))).toBeUndefined();
  });
});

describe('bad entries', () => {
  it.each([
    ['', 'no http'],
    ['art.sfo3.digitaloceanspaces.com', 'no http'],
    ['localhost:3000', 'no http'],
    ['https://', 'no http'],
    ['ftp://a.example', 'no http'],
    ['https:a.example', 'no http'],
    ['https://me:secret@a.example', 'user name'],
    ['https://a.example/?x=1', 'query'],
    ['https://a.example/#x', 'fragment'],
    ['https://*.example', 'star'],
    ['https://a.example\\b', 'backslash'],
    ['https://a.example/b c', 'space'],
    ['https://a.example.', 'dot'],
    ['https://a.example/b/../c', 'two ways'],
    ['https://a.example/b/%2e%2e/c', 'two ways'],
    ['https://a.example/b%2fc', 'two ways'],
    ['https://a.example//b', 'two ways'],
    ['https://a.example/%zz', 'two ways'],
    ['file:///', 'folder'],
    ['file://host/dir', 'folder'],
  ])('The entry "%s" is refused', (entry, why) => {
    const list = () => allowList(['https://fine.example', entry]);
    expect(list).toThrow(TypeError);
    expect(list).toThrow(/^entry 2 of 2 /);
    expect(list).toThrow(why);
    expect(list).not.toThrow('secret');
  });
});
