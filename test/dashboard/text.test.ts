import { describe, expect, test } from 'vitest';
import { publicText, renderBytes, renderSpan, webUrl } from '../../service/dashboard/markup.ts';

describe('publicText', () => {
  test.each([
    ['A frame is missing.', 'A frame is missing.'],
    ['GET https://user.test/auth0%7Cabc/x.zip?sig=1 gave 503', 'GET https://user.test/… gave 503'],
    ['https://me:hush@site.test:8443/a?token=hush', 'https://site.test:8443/…'],
    ['s3://bucket/auth0|abc/x.zip is not there', 's3://bucket/… is not there'],
    ['redis+unix:///run/hush.sock', '…'],
    ['https://[bad/hush?x', '…'],
    ['no tape auth0|5f3a/k.zip', 'no tape …/k.zip'],
    ['no tape google-oauth2%7C117/k.zip', 'no tape …/k.zip'],
    ['a\u0000b\u001b[31mc\nd', 'a b [31mc d'],
    ['\u202etxt.exe\u2066', 'txt.exe'],
    ['x'.repeat(400), `${'x'.repeat(299)}…`],
  ])('publicText(%j) is %j', (given, wanted) => {
    expect(publicText(given)).toBe(wanted);
  });
});

describe('webUrl', () => {
  test.each([
    ['https://cdn.test/tapes/a.mp4', 'https://cdn.test/tapes/a.mp4'],
    ['http://127.0.0.1:3000/files/a.mp4', 'http://127.0.0.1:3000/files/a.mp4'],
    ['javascript:alert(1)', undefined],
    ['JaVaScRiPt:alert(1)', undefined],
    ['data:text/html,<script>', undefined],
    ['file:///etc/passwd', undefined],
    ['https://me:pw@cdn.test/a', undefined],
    ['/tapes/a.mp4', undefined],
    [undefined, undefined],
  ])('webUrl(%j) is %j', (given, wanted) => {
    expect(webUrl(given)).toBe(wanted);
  });
});

test.each([
  [-3, '0.0 s'],
  [0.84, '0.8 s'],
  [9.99, '10.0 s'],
  [59.9, '59 s'],
  [61, '1 min 1 s'],
  [7384, '2 h 3 min'],
  [90_061, '1 d 1 h'],
])('renderSpan writes %d seconds as %j', (seconds, wanted) => {
  expect(renderSpan(seconds)).toBe(wanted);
});

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [84_000, '84 kB'],
  [1_340_000, '1.3 MB'],
  [41e9, '41 GB'],
  [2e16, '20000 TB'],
])('renderBytes writes %d bytes as %j', (bytes, wanted) => {
  expect(renderBytes(bytes)).toBe(wanted);
});
