import { relative } from 'node:path';
import * as command from '@pulumi/command';
import * as digitalocean from '@pulumi/digitalocean';
import * as pulumi from '@pulumi/pulumi';
import type { Certificate } from './edge.ts';
import { predecessorOf, prepareHandover } from './handover.ts';
import type { Host } from './host.ts';
import { type Machine, suffixOf } from './machine.ts';
import type { PreviousRun } from './preflight/preflight.ts';
import type { Queue } from './queue.ts';
import {
  type CommandStep,
  type ReleaseStep,
  releaseSteps,
  type Secret,
  SHARED_QUEUE_STEPS,
  type UploadStep,
} from './release/commands.ts';

export interface ReleaseArgs {
  readonly host: Host;
  /** The queue of several hosts; undefined for one, which has its own. */
  readonly queue: Queue | undefined;
  readonly before: PreviousRun;
  /** The archive and its name. */
  readonly build: { readonly hash: string; readonly file: string };
  /** The service's environment file. */
  readonly environment: pulumi.Output<string>;
  /** Caddy's certificate; without it Caddy gets one by ACME. */
  readonly certificate: Certificate | undefined;
}

/**
 * Brings a release onto the hosts. A destroy runs backwards: it drains before it removes anything.
 *
 * One host: all steps run in one order, then the address is assigned to the host. A new droplet gets the address when its release is healthy.
 *
 * Several hosts: they are prepared side by side, and activated one after the other. The first that fails stops the release, and the hosts after it
 * go on with the former one.
 */
export class Release extends pulumi.ComponentResource {
  /** The public name leads to the stack's entrance after these. */
  readonly beforeRecord: readonly pulumi.Resource[];
  /** A resource that depends on these is reachable from outside. */
  readonly reachable: pulumi.Resource[];
  /** Outputs for the next run. */
  readonly hosts: {
    readonly host: pulumi.Output<string>;
    readonly predecessor: pulumi.Output<string>;
    readonly nodes?: number;
  };

  constructor(name: string, args: ReleaseArgs, options?: pulumi.ComponentResourceOptions) {
    super('oven:release:Release', name, {}, options);
    const { host, queue, before } = args;
    const [first] = host.machines;
    const id = first.droplet.id.apply(String);
    if (queue === undefined) {
      const predecessor = id.apply((droplet) => predecessorOf(droplet, before) ?? '');
      this.hosts = { host: id, predecessor };
      this.reachable = [this.#toOne(args, first, host.address!)];
      // The name of a new stack may lead to an address without a host; that of a stack which had several hosts must not.
      this.beforeRecord = before.nodes > 1 ? this.reachable : [];
    } else {
      this.hosts = { host: id, predecessor: pulumi.output(''), nodes: host.machines.length };
      this.beforeRecord = this.reachable = [this.#toMany(args, queue)];
    }
    this.registerOutputs({ hash: args.build.hash });
  }

  #toOne(args: ReleaseArgs, host: Machine, address: digitalocean.ReservedIp): pulumi.Resource {
    const { build, certificate } = args;
    const steps = releaseSteps({ ...build, certificate: certificate !== undefined, handover: true });
    const handover = prepareHandover(host, address, args.before, this);
    const secrets = { ...secretInputs(args), handover: handover.input };
    const outputs = new Map<string, pulumi.Output<string>>();
    let before: pulumi.Resource = args.host.firewall;
    for (const step of steps.filter((one) => one.name !== 'drain')) {
      if (step.name === 'handover') before = handover.authorize({ parent: this, dependsOn: [before] });
      before = apply(host, step, { outputs, secrets, suffix: '' }, { parent: this, dependsOn: [before] });
    }
    const assignment = new digitalocean.ReservedIpAssignment(
      'address',
      { ipAddress: address.ipAddress, dropletId: host.droplet.id.apply(Number) },
      { parent: this, dependsOn: [before] },
    );
    // Nothing depends on `drain`: otherwise that of a lost host could not be deleted from the state.
    for (const step of steps.filter((one) => one.name === 'drain'))
      apply(host, step, { outputs, secrets, suffix: '' }, { parent: this, dependsOn: [assignment] });
    return assignment;
  }

  /** Returns the last activation. */
  #toMany(args: ReleaseArgs, queue: Queue): pulumi.Resource {
    const { host, build, certificate } = args;
    const steps = releaseSteps({ ...build, certificate: certificate !== undefined, shared: true });
    const secrets = { ...secretInputs(args), authority: queue.authority, queue: queue.url };
    const [first] = host.machines;
    const ofQueue = { outputs: new Map<string, pulumi.Output<string>>(), secrets, suffix: '' };
    // A deletion runs against this order: hosts leave first, then the queue comes back to the first one, then its host goes.
    const take = apply(first, SHARED_QUEUE_STEPS.take, ofQueue, { parent: this, dependsOn: [queue.ready] });
    let activated: pulumi.Resource = queue.ready;
    const drains: pulumi.Resource[] = [];
    for (const [index, machine] of host.machines.entries()) {
      const context = {
        ...ofQueue,
        outputs: new Map<string, pulumi.Output<string>>(),
        suffix: suffixOf(index),
      };
      let before: pulumi.Resource = host.firewall;
      for (const step of steps.filter((one) => one.name !== 'drain')) {
        const dependsOn = step.name === 'activate' ? [before, activated] : [before];
        before = apply(machine, step, context, { parent: this, dependsOn });
      }
      activated = before;
      if (index === 0)
        activated = apply(machine, SHARED_QUEUE_STEPS.give, context, {
          parent: this,
          dependsOn: [activated],
        });
      const dependsOn = [before, take, host.balancer!];
      for (const step of steps.filter((one) => one.name === 'drain'))
        drains.push(apply(machine, step, context, { parent: this, dependsOn }));
    }
    apply(first, SHARED_QUEUE_STEPS.drainAll, ofQueue, { parent: this, dependsOn: drains });
    return activated;
  }
}

interface StepInputs {
  /** The standard output of each earlier step. */
  readonly outputs: Map<string, pulumi.Output<string>>;
  readonly secrets: Readonly<Partial<Record<Secret, pulumi.Output<string>>>>;
  /** What the names of a host's resources end with: nothing for the first host. */
  readonly suffix: string;
}

function apply(host: Machine, step: ReleaseStep, context: StepInputs, options: pulumi.CustomResourceOptions) {
  if (step.kind === 'upload') return upload(host, step, context, options);
  const made = run(host, step, context, options);
  context.outputs.set(step.name, made.stdout);
  return made;
}

/** One command over SSH. For a new droplet it runs again, and its old `delete` runs on the old droplet. */
function run(host: Machine, step: CommandStep, context: StepInputs, options: pulumi.CustomResourceOptions) {
  const stdin = step.stdin && context.secrets[step.stdin];
  return new command.remote.Command(
    `${step.name}${context.suffix}`,
    {
      connection: host.connection(),
      create: step.create,
      // Only a new host takes over. Later changes run nothing.
      ...(step.name === 'handover' ? { update: ':' } : {}),
      ...(step.delete === undefined ? {} : { delete: step.delete }),
      ...(stdin === undefined ? {} : { stdin, logging: command.types.enums.remote.Logging.None }),
      ...(step.lasting
        ? {}
        : { triggers: [host.droplet.id, ...step.triggeredBy.map((secret) => context.outputs.get(secret))] }),
      // sshd would have to accept it (AcceptEnv), and nothing reads it.
      addPreviousOutputInEnv: false,
    },
    options,
  );
}

/** Copies the archive. The droplet's id in `triggers` copies it to a new host; otherwise only a new archive is copied. */
function upload(
  host: Machine,
  step: UploadStep,
  { suffix }: StepInputs,
  options: pulumi.CustomResourceOptions,
) {
  // A relative path is the same on every machine. With an absolute path each machine would copy again.
  const source = new pulumi.asset.FileAsset(relative(process.cwd(), step.from));
  return new command.remote.CopyToRemote(
    `${step.name}${suffix}`,
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
