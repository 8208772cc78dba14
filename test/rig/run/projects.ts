/**
 * The test files of vitest's projects `unit` and `host`. All others belong to `service`. Files of `unit` share their processes, so they
 * start no program (no-programs.ts refuses it), mock no module and leave no global changed.
 */
export const UNIT = [
  'test/alerts/{alerts,message,send,state}.test.ts',
  'test/bake/{encode,open,plan}/*.test.ts',
  'test/bake/images/make-images.test.ts',
  'test/bake/sound/{unpack,wav}.test.ts',
  'test/bake/{count-pixels,temp-folder}.test.ts',
  'test/bench/{bursts,encoder-runs,matrix,recipe,scale,statistics,table,targets}.test.ts',
  'test/callback/*.test.ts',
  'test/ci/{address,digitalocean,firewall,publish,redact,report,stack-file}.test.ts',
  'test/config/*.test.ts',
  'test/dashboard/{contrast,text,thumb-hash,view}.test.ts',
  'test/demo/site.test.ts',
  'test/docs/*.test.ts',
  'test/drain.test.ts',
  'test/source/{allow-list,download,address-guard,redirect}.test.ts',
  'test/health/{probes,requests,work}.test.ts',
  'test/http/{files,visitor}.test.ts',
  'test/infra/{checks,config}.test.ts',
  'test/netlify/{doors,pieces,signals}.test.ts',
  'test/lib/{argv,cached,clock,deadline,latest-only,retry,trace,tries}.test.ts',
  'test/rehearse/{events,table,tools}.test.ts',
  'test/release/lock.test.ts',
  'test/rig/run/*.test.ts',
  'test/storage/{bucket,s3,urls}.test.ts',
  'test/tapes/{scenes,sound,timing}.test.ts',
  'test/twin/api/{faults,firewalls,render,strict}.test.ts',
  'test/twin/api/digitalocean/*.test.ts',
  'test/twin/hardware/render.test.ts',
  'test/twin/net/firewall.test.ts',
  'test/worker/failure-details.test.ts',
];

/** Files that only one command runs, and the variable by which it asks for them. */
const OF_COMMANDS = {
  'test/ci/act.test.ts': 'OVEN_TEST_ACT', // npm run test:workflows
  'test/http/fuzz.test.ts': 'OVEN_TEST_API', // npm run test:api
  'test/docker/docker.test.ts': 'OVEN_TEST_DOCKER', // npm run test:docker
  'test/deploy/first-boot.test.ts': 'OVEN_TEST_DEPLOY', // npm run test:deploy
};

/** Files of OF_COMMANDS that this run leaves out. */
export const NOT_ASKED_FOR = Object.entries(OF_COMMANDS).flatMap(([file, variable]) =>
  process.env[variable] ? [] : [file],
);

/** Whole Linux systems in containers, and networks between namespaces: they need root. */
export const HOST = [
  'test/cluster/*.test.ts',
  'test/deploy/*.test.ts',
  'test/docker/*.test.ts',
  'test/source/rebinding.test.ts',
  'test/rehearse/rehearse.test.ts',
  'test/twin/hardware/balancer.test.ts',
  'test/twin/host/*.test.ts',
  'test/twin/net/network.test.ts',
];
