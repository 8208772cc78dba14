import { Hono } from 'hono';
import { IMAGES, REGIONS, SIZES, showRegion, showSize } from '../catalogue.ts';
import { page } from '../pages.ts';
import type { Env, World } from '../world.ts';

/** What is offered where, and whose account this is. */
export function places(world: World) {
  const app = new Hono<Env>();
  app.get('/regions', (c) => {
    c.set('did', 'listed regions');
    return c.json(page(c, 'regions', REGIONS.map(showRegion)));
  });
  app.get('/sizes', (c) => {
    c.set('did', 'listed sizes');
    return c.json(page(c, 'sizes', SIZES.map(showSize)));
  });
  app.get('/images', (c) => {
    c.set('did', 'listed images');
    const images = IMAGES.map((image) => ({ ...image, public: true, status: 'available', type: 'base' }));
    return c.json(page(c, 'images', images, { filters: ['type', 'private'] }));
  });
  app.get('/account', (c) => {
    c.set('did', 'showed the account');
    const email = world.emails?.[0] ?? 'twin@example.com';
    return c.json({
      account: {
        email,
        email_verified: true,
        uuid: '0e5a0000-0000-4000-8000-acc000000000',
        name: 'Twin',
        droplet_limit: 25,
        floating_ip_limit: 3,
        reserved_ip_limit: world.hardware.addresses.length,
        status: 'active',
        status_message: '',
        team: { uuid: '0e5a', name: 'Twin' },
      },
    });
  });
  return app;
}
