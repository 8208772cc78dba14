/** Run by host.test.ts as a process of its own: boots a host, says its run's id, and waits to be killed. */
import { openCloud } from './cloud.ts';
import { plainUser } from './plain.ts';

const cloud = await openCloud();
const host = await cloud.boot({ ...(await plainUser(cloud)), label: 'left' });
await host.reachable();
console.log(cloud.run.id);
setInterval(() => {}, 1000);
