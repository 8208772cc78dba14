import { USER } from '../rig/world.ts';

/** Where things are that a document may name: URLs without a slash at their end. */
export interface Places {
  /** Of Oven's files, as of those of the oven before it. */
  readonly blobs: string;
  /** Of users' uploads. */
  readonly user: string;
}

/** A kind of document that some code of the site writes, or wrote once. */
export interface Kind {
  readonly name: string;
  /** Whose it is. */
  readonly of: 'guest' | 'user';
  /** Its slug, where it isn't the usual one. */
  readonly slug?: (usual: string) => string;
  /** Whether there is a ZIP, or the MP4 that a device made. */
  readonly upload: 'zip' | 'mp4';
  /** Whether the functions must not bake or publish it, adopted or not. */
  readonly excluded?: true;
  /** How the document says which record it has in the PDS. */
  readonly record?: 'at' | 'atproto';
  /** What the document says beside code, slug, when, bucket and user. */
  readonly fields: (places: Places, name: { code: string; slug: string }) => object;
}

const WHEN = new Date('2026-03-01T10:00:00Z');
const STORED = { nuked: false, kind: 'zip' };
const PENDING = { ...STORED, mp4Status: 'pending' };
const baked = ({ blobs }: Places, { code }: { code: string }) => ({
  ...STORED,
  mp4Status: 'complete',
  mp4Url: `${blobs}/tapes/${code}.mp4`,
  thumbnailUrl: `${blobs}/tapes/${code}-thumb.jpg`,
  mp4CompletedAt: WHEN,
});
const device = ({ user }: Places, { slug }: { slug: string }) => ({
  nuked: false,
  kind: 'mp4',
  source: 'ac-native',
  mp4Status: 'complete',
  mp4Url: `${user}/${USER}/${slug}.mp4`,
  mp4CompletedAt: WHEN,
});
const excluded = (name: string, fields: object): Kind => {
  return { name, of: 'user', upload: 'zip', excluded: true, fields: () => ({ ...PENDING, ...fields }) };
};

/** One of each, oldest first. */
export const KINDS: readonly Kind[] = [
  { name: 'before there was a status', of: 'user', upload: 'zip', fields: () => ({ nuked: false }) },
  {
    name: 'first weeks, guest',
    of: 'guest',
    upload: 'zip',
    fields: () => ({ nuked: false, mp4Status: 'pending' }),
  },
  {
    name: 'first weeks, user',
    of: 'user',
    upload: 'zip',
    fields: () => ({ nuked: false, mp4Status: 'pending' }),
  },
  {
    name: 'at the first converter',
    of: 'user',
    upload: 'zip',
    fields: () => ({ nuked: false, mp4Status: 'processing' }),
  },
  {
    name: 'done by the first converter',
    of: 'user',
    upload: 'zip',
    record: 'at',
    fields: (_places, { slug }) => ({
      nuked: false,
      mp4Status: 'complete',
      mp4: `https://converter.test/${slug}.mp4`,
    }),
  },
  {
    name: 'converted in the background: only the PDS has the video',
    of: 'user',
    upload: 'zip',
    record: 'at',
    fields: () => ({ ...STORED, mp4Status: 'complete', mp4CompletedAt: WHEN, mp4Size: 40_000 }),
  },
  {
    name: 'conversion in the background failed',
    of: 'user',
    upload: 'zip',
    fields: () => ({ ...STORED, mp4Status: 'failed', mp4StartedAt: WHEN, mp4Error: 'no ffmpeg' }),
  },
  {
    name: 'published by a script',
    of: 'user',
    upload: 'zip',
    record: 'atproto',
    fields: () => PENDING,
  },
  { name: 'waiting, guest', of: 'guest', upload: 'zip', fields: () => PENDING },
  { name: 'waiting, user', of: 'user', upload: 'zip', fields: () => PENDING },
  {
    name: 'waiting, with a stray Z',
    of: 'user',
    upload: 'zip',
    slug: (slug) => `${slug}Z`,
    fields: () => PENDING,
  },
  {
    name: 'the older oven did not take it',
    of: 'user',
    upload: 'zip',
    fields: () => ({ ...STORED, mp4Status: 'oven-failed', mp4Error: 'fetch failed', mp4FailedAt: WHEN }),
  },
  {
    name: 'the older oven could not bake it',
    of: 'user',
    upload: 'zip',
    fields: () => ({ ...STORED, mp4Status: 'oven-failed', mp4Error: 'bad ZIP' }),
  },
  { name: 'baked by the older oven, guest', of: 'guest', upload: 'zip', record: 'at', fields: baked },
  { name: 'baked by the older oven, user', of: 'user', upload: 'zip', record: 'at', fields: baked },
  { name: 'baked, without a record', of: 'user', upload: 'zip', fields: baked },
  {
    name: 'being baked for a preview',
    of: 'user',
    upload: 'zip',
    fields: () => ({ ...STORED, mp4Status: 'oven-processing', mp4RequestedAt: WHEN }),
  },
  {
    name: 'baked for a preview only',
    of: 'user',
    upload: 'zip',
    fields: (places, name) => ({ ...baked(places, name), mp4RequestedAt: WHEN }),
  },
  {
    name: 'recovered by a script',
    of: 'user',
    upload: 'zip',
    fields: ({ user }, { code }) => ({
      mp4Status: 'complete',
      mp4Url: `${user}/recovered/${code}.mp4`,
      thumbnailUrl: null,
      mp4CompletedAt: WHEN,
    }),
  },
  { name: 'a finished draft, guest', of: 'guest', upload: 'zip', slug: draftOf, fields: () => PENDING },
  {
    name: 'a finished draft, user',
    of: 'user',
    upload: 'zip',
    slug: (slug) => `${USER}/${draftOf(slug)}`,
    fields: () => PENDING,
  },
  {
    name: 'a finished draft, baked',
    of: 'user',
    upload: 'zip',
    slug: (slug) => `${USER}/${draftOf(slug)}`,
    record: 'at',
    fields: baked,
  },
  { name: 'a device’s video', of: 'user', upload: 'mp4', excluded: true, record: 'at', fields: device },
  {
    name: 'a device’s video, guest',
    of: 'guest',
    upload: 'mp4',
    excluded: true,
    fields: ({ user }, { slug }) => ({
      ...device({ blobs: '', user }, { slug }),
      mp4Url: `${user}/${slug}.mp4`,
    }),
  },
  {
    name: 'a device’s video whose link was not noted',
    of: 'user',
    upload: 'mp4',
    excluded: true,
    fields: (places, name) => ({ ...device(places, name), mp4Url: undefined }),
  },
  {
    name: 'nuked by its user',
    excluded: true,
    of: 'user',
    upload: 'zip',
    record: 'at',
    fields: (places, name) => ({ ...baked(places, name), nuked: true }),
  },
  {
    name: 'nuked from a device',
    excluded: true,
    of: 'user',
    upload: 'zip',
    fields: () => ({ ...PENDING, nuked: true, nukedAt: WHEN }),
  },
  {
    name: 'a device’s video, nuked',
    of: 'user',
    upload: 'mp4',
    excluded: true,
    record: 'at',
    fields: (places, name) => ({ ...device(places, name), nuked: true, nukedAt: WHEN }),
  },
  excluded('private', { private: true }),
  excluded('hidden', { hidden: true }),
  excluded('deleted', { deleted: true }),
  excluded('a draft', { draft: true }),
  excluded('work in progress', { status: 'wip' }),
  excluded('unlisted', { visibility: 'unlisted' }),
  {
    name: 'private, baked by the older oven',
    excluded: true,
    of: 'user',
    upload: 'zip',
    record: 'at',
    fields: (places, name) => ({ ...baked(places, name), private: true }),
  },
];

function draftOf(slug: string): string {
  return `Draft${slug.replace(/\D/g, '').slice(-11)}`;
}
