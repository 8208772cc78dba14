import { Hono } from 'hono';
import { z } from 'zod';
import { Refusal } from '../refusal.ts';
import type { OriginCertificate } from '../state.ts';
import { body } from '../strict.ts';
import type { Env, World } from '../world.ts';
import { paged, result } from './envelope.ts';

const DAYS = [7, 30, 90, 365, 730, 1095, 5475].map((days) => z.literal(days));
const REQUEST = z.strictObject({
  csr: z.string().min(1),
  hostnames: z.array(z.string()).min(1),
  request_type: z.enum(['origin-rsa', 'origin-ecc', 'keyless-certificate']),
  requested_validity: z.union(DAYS, `is none of 7, 30, 90, 365, 730, 1095, 5475`).default(5475),
});

/** Certificates for what is behind Cloudflare. They are real, but only the twin's own authority vouches for them. */
export function originCertificates(world: World) {
  const { state, authority } = world;
  const app = new Hono<Env>();
  const find = (id: string) => {
    const certificate = state.certificates.get(id);
    if (!certificate) throw new Refusal(404, 'Certificate not found', 1101);
    return certificate;
  };

  app.get('/', (c) => {
    c.set('did', `listed ${state.certificates.size} origin certificates`);
    return c.json(paged(c, [...state.certificates.values()].map(show), ['zone_id']));
  });
  app.post('/', async (c) => {
    const asked = await body(c, REQUEST, 400);
    const { hostnames, csr, request_type: requestType, requested_validity: requestedValidity } = asked;
    const { name } = state.zone;
    const foreign = hostnames.find((host) => host !== name && !host.endsWith(`.${name}`));
    if (foreign !== undefined) throw new Refusal(400, `${foreign} is in no zone of this account`, 1010);
    const signed = await authority.sign(csr, { hostnames, days: requestedValidity });
    const kind = { 'origin-rsa': 'rsa', 'origin-ecc': 'ec' }[requestType as string];
    if (kind !== undefined && signed.publicKey.asymmetricKeyType !== kind) {
      throw new Refusal(400, 'the key of the CSR is of another type than request_type', 1010);
    }
    const certificate = {
      id: state.nextHex(),
      certificate: signed.toString(),
      csr,
      hostnames,
      requestType,
      requestedValidity,
      expiresOn: new Date(signed.validTo),
    };
    state.certificates.set(certificate.id, certificate);
    c.set('did', `signed an origin certificate for ${hostnames.join(', ')}, ${requestedValidity} days`);
    return c.json(result(show(certificate)));
  });
  app.get('/:id', (c) => {
    const certificate = find(c.req.param('id'));
    c.set('did', `showed the origin certificate for ${certificate.hostnames.join(', ')}`);
    return c.json(result(show(certificate)));
  });
  app.delete('/:id', (c) => {
    const { id, hostnames } = find(c.req.param('id'));
    state.certificates.delete(id);
    c.set('did', `revoked the origin certificate for ${hostnames.join(', ')}`);
    return c.json(result({ id, revoked_at: world.now().toISOString() }));
  });
  return app;
}

function show({
  id,
  certificate,
  csr,
  hostnames,
  requestType,
  requestedValidity,
  expiresOn,
}: OriginCertificate) {
  return {
    id,
    certificate,
    csr,
    hostnames,
    request_type: requestType,
    requested_validity: requestedValidity,
    expires_on: `${expiresOn.toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`,
  };
}
