import { relative } from 'node:path';
import * as command from '@pulumi/command';
import * as digitalocean from '@pulumi/digitalocean';
import * as pulumi from '@pulumi/pulumi';
import type { Certificate } from './edge.ts';
import { prepareHandover } from './handover.ts';
import type { Host } from './host.ts';
import type { PreviousRun } from './preflight/preflight.ts';
import { type CommandStep, releaseSteps, type Secret, type UploadStep } from './release/commands.ts';

export interface ReleaseArgs {
  readonly host: Host;
  readonly before: PreviousRun;
  /** The archive and its name. */
  readonly build: { readonly hash: string; readonly file: string };
  /** The service's environment file. */
  readonly environment: pulumi.Output<string>;
  /** Caddy's certificate; without it Caddy gets one by ACME. */
  readonly certificate: Certificate | undefined;
}

/**
 * Brings a release onto the host, then assigns the address to it: a new droplet gets the address when its release is healthy. All steps run in
 * one order. A destroy runs backwards: it drains the host before it removes anything.
 */
export class Release extends pulumi.ComponentResource {
  /** Assigns the address to the droplet. A resource that depends on it is reachable from outside. */
  readonly assignment: digitalocean.ReservedIpAssignment;

  constructor(name: string, args: ReleaseArgs, options?: pulumi.ComponentResourceOptions) {
    super('oven:release:Release', name, {}, options);
    const { host, build, certificate, before: former } = args;
    const steps = releaseSteps({ ...build, certificate: certificate !== undefined, handover: true });
    const handover = prepareHandover(host, former, this);
    const secrets = { ...secretInputs(args), handover: handover.input };
    const outputs = new Map<string, pulumi.Output<string>>();
    let before: pulumi.Resource = host.firewall;
    for (const step of steps.filter((one) => one.name !== 'drain')) {
      if (step.name === 'handover') before = handover.authorize({ parent: this, dependsOn: [before] });
      const how = { parent: this, dependsOn: [before] };
      before = step.kind === 'upload' ? upload(host, step, how) : run(host, step, { outputs, secrets }, how);
      if (before instanceof command.remote.Command) outputs.set(step.name, before.stdout);
    }
    this.assignment = new digitalocean.ReservedIpAssignment(
      'address',
      { ipAddress: host.address.ipAddress, dropletId: host.droplet.id.apply(Number) },
      { parent: this, dependsOn: [before] },
    );
    for (const step of steps) {
      const how = { parent: this, dependsOn: [this.assignment] };
      if (step.kind === 'command' && step.name === 'drain') run(host, step, { outputs, secrets }, how);
    }
    this.registerOutputs({ hash: build.hash });
  }
}

interface StepInputs {
  /** The standard output of each earlier step. */
  readonly outputs: ReadonlyMap<string, pulumi.Output<string>>;
  readonly secrets: Readonly<Partial<Record<Secret, pulumi.Output<string>>>>;
}

/** One command over SSH. For a new droplet it runs again, and its old `delete` runs on the old droplet. */
function run(host: Host, step: CommandStep, context: StepInputs, options: pulumi.CustomResourceOptions) {
  const stdin = step.stdin && context.secrets[step.stdin];
  return new command.remote.Command(
    step.name,
    {
      connection: host.connection(),
      create: step.create,
      // Only a new host takes over. Later changes run nothing.
      ...(step.name === 'handover' ? { update: ':' } : {}),
      ...(step.delete === undefined ? {} : { delete: step.delete }),
      ...(stdin === undefined ? {} : { stdin, logging: command.types.enums.remote.Logging.None }),
      triggers: [host.droplet.id, ...step.triggeredBy.map((secret) => context.outputs.get(secret))],
      // sshd would have to accept it (AcceptEnv), and nothing reads it.
      addPreviousOutputInEnv: false,
    },
    options,
  );
}

/** Copies the archive. The droplet's id in `triggers` copies it to a new host; otherwise only a new archive is copied. */
function upload(host: Host, step: UploadStep, options: pulumi.CustomResourceOptions) {
  // A relative path is the same on every machine. With an absolute path each machine would copy again.
  const source = new pulumi.asset.FileAsset(relative(process.cwd(), step.from));
  return new command.remote.CopyToRemote(
    step.name,
    { connection: host.connection(), source, remotePath: step.to, triggers: [host.droplet.id] },
    options,
  );
}

function secretInputs({ environment, certificate }: ReleaseArgs): StepInputs['secrets'] {
  if (certificate === undefined) return { environment };
  return {
    environment,
    certificate: pulumi.secret(pulumi.interpolate`${certificate.certificate}\n${certificate.privateKey}`),
  };
}
