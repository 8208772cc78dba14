import { createPrivateKey, X509Certificate } from 'node:crypto';
import { Hono } from 'hono';
import { z } from 'zod';
import { stamp } from '../actions.ts';
import { page } from '../pages.ts';
import { Refusal } from '../refusal.ts';
import type { Cdn, UploadedCertificate } from '../state.ts';
import { body } from '../strict.ts';
import type { Env, World } from '../world.ts';

const UPLOAD = z.strictObject({
  name: z.string().min(1),
  type: z.literal('custom', 'this twin takes certificates that somebody else made'),
  private_key: z.string(),
  leaf_certificate: z.string(),
  certificate_chain: z.string().optional(),
});

/** Certificates that were brought along. */
export function certificates(world: World) {
  const { state } = world;
  const app = new Hono<Env>();
  const find = (id: string) => {
    const certificate = state.uploads.get(id);
    if (!certificate) throw new Refusal(404, 'The resource you were accessing could not be found.');
    return certificate;
  };

  app.get('/', (c) => {
    const { name } = c.req.query();
    const found = [...state.uploads.values()].filter((one) => name === undefined || one.name === name);
    c.set('did', `listed ${found.length} certificates`);
    return c.json(page(c, 'certificates', found.map(showCertificate), { filters: ['name'] }));
  });
  app.post('/', async (c) => {
    const asked = await body(c, UPLOAD);
    if ([...state.uploads.values()].some(({ name }) => name === asked.name)) {
      throw new Refusal(422, 'certificate name must be unique');
    }
    const leaf = read(asked.leaf_certificate, asked.private_key);
    const names = (leaf.subjectAltName ?? '').split(', ').filter((name) => name.startsWith('DNS:'));
    const certificate: UploadedCertificate = {
      ...{ id: state.nextUuid(), name: asked.name, dnsNames: names.map((name) => name.slice(4)) },
      ...{ notAfter: new Date(leaf.validTo), sha1: leaf.fingerprint.replaceAll(':', '').toLowerCase() },
      createdAt: world.now(),
    };
    state.uploads.set(certificate.id, certificate);
    c.set('did', `took certificate ${asked.name} for ${certificate.dnsNames.join(', ')}`);
    return c.json({ certificate: showCertificate(certificate) }, 201);
  });
  app.get('/:id', (c) => {
    const certificate = find(c.req.param('id'));
    c.set('did', `showed certificate ${certificate.name}`);
    return c.json({ certificate: showCertificate(certificate) });
  });
  app.delete('/:id', (c) => {
    const { id, name } = find(c.req.param('id'));
    if ([...state.cdns.values()].some(({ certificateId }) => certificateId === id)) {
      throw new Refusal(403, 'Make sure the certificate is not in use before deleting it');
    }
    state.uploads.delete(id);
    c.set('did', `removed certificate ${name}`);
    return c.body(null, 204);
  });
  return app;
}

function read(certificate: string, privateKey: string): X509Certificate {
  let leaf: X509Certificate;
  try {
    leaf = new X509Certificate(certificate);
  } catch {
    throw new Refusal(422, 'leaf_certificate is not a certificate in PEM');
  }
  try {
    if (leaf.checkPrivateKey(createPrivateKey(privateKey))) return leaf;
  } catch {
    throw new Refusal(422, 'private_key is not a key in PEM');
  }
  throw new Refusal(422, 'private_key does not belong to leaf_certificate');
}

function showCertificate({ id, name, dnsNames, notAfter, sha1, createdAt }: UploadedCertificate) {
  return {
    ...{ id, name, dns_names: dnsNames, not_after: stamp(notAfter), sha1_fingerprint: sha1 },
    ...{ created_at: stamp(createdAt), state: 'verified', type: 'custom' },
  };
}

const TTL = z.union([60, 600, 3600, 86400, 604800].map((seconds) => z.literal(seconds)));
const CDN = z.strictObject({
  origin: z
    .string()
    .regex(
      /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]\.[a-z0-9]+\.digitaloceanspaces\.com$/,
      'is not the address of a Space',
    ),
  ttl: TTL.default(3600),
  custom_domain: z.hostname().optional(),
  certificate_id: z.uuid().optional(),
});
const CHANGE = z.strictObject({
  ttl: TTL.optional(),
  custom_domain: z.union([z.hostname(), z.literal('')]).optional(),
  certificate_id: z.union([z.uuid(), z.literal('')]).optional(),
});

/** The content network in front of Spaces. Nothing is behind it here but its name. */
export function cdns(world: World) {
  const { state } = world;
  const app = new Hono<Env>();
  const find = (id: string) => {
    const cdn = state.cdns.get(id);
    if (!cdn) throw new Refusal(404, 'The resource you were accessing could not be found.');
    return cdn;
  };
  const checkDomain = (domain: string, certificateId: string) => {
    if ((domain === '') !== (certificateId === '')) {
      throw new Refusal(422, 'custom_domain and certificate_id belong together');
    }
    const certificate = state.uploads.get(certificateId);
    if (domain !== '' && !certificate?.dnsNames.includes(domain)) {
      throw new Refusal(422, 'there is no such certificate, or it is for other names');
    }
  };

  app.get('/', (c) => {
    c.set('did', `listed ${state.cdns.size} CDN endpoints`);
    return c.json(page(c, 'endpoints', [...state.cdns.values()].map(showCdn)));
  });
  app.post('/', async (c) => {
    const asked = await body(c, CDN);
    const [customDomain, certificateId] = [asked.custom_domain ?? '', asked.certificate_id ?? ''];
    checkDomain(customDomain, certificateId);
    if ([...state.cdns.values()].some(({ origin }) => origin === asked.origin)) {
      throw new Refusal(409, 'the origin has a CDN endpoint already');
    }
    const { origin, ttl } = asked;
    const cdn = { id: state.nextUuid(), origin, ttl, customDomain, certificateId, createdAt: world.now() };
    state.cdns.set(cdn.id, cdn);
    c.set('did', `put a CDN before ${origin}${customDomain && `, known as ${customDomain}`}`);
    return c.json({ endpoint: showCdn(cdn) }, 201);
  });
  app.get('/:id', (c) => {
    const cdn = find(c.req.param('id'));
    c.set('did', `showed the CDN before ${cdn.origin}`);
    return c.json({ endpoint: showCdn(cdn) });
  });
  app.put('/:id', async (c) => {
    const cdn = find(c.req.param('id'));
    const asked = await body(c, CHANGE);
    const next = {
      ttl: asked.ttl ?? cdn.ttl,
      customDomain: asked.custom_domain ?? cdn.customDomain,
      certificateId: asked.certificate_id ?? cdn.certificateId,
    };
    checkDomain(next.customDomain, next.certificateId);
    Object.assign(cdn, next);
    c.set('did', `changed the CDN before ${cdn.origin}`);
    return c.json({ endpoint: showCdn(cdn) });
  });
  app.delete('/:id', (c) => {
    const cdn = find(c.req.param('id'));
    state.cdns.delete(cdn.id);
    c.set('did', `removed the CDN before ${cdn.origin}`);
    return c.body(null, 204);
  });
  return app;
}

function showCdn({ id, origin, ttl, customDomain, certificateId, createdAt }: Cdn) {
  return {
    ...{ id, origin, ttl, endpoint: origin.replace('.digitaloceanspaces.', '.cdn.digitaloceanspaces.') },
    ...(customDomain === '' ? {} : { custom_domain: customDomain, certificate_id: certificateId }),
    created_at: stamp(createdAt),
  };
}
