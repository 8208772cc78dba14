import { describe, expect, it } from 'vitest';
import { handoverInput, releaseSteps, SHARED_QUEUE_STEPS } from '../../infra/release/commands.ts';
import { queueHostSteps } from '../../infra/release/queue-host.ts';
import { check, has } from '../host/tool.ts';

const steps = releaseSteps({
  hash: '0123456789abcdef',
  file: '/tmp/release',
  certificate: true,
  handover: true,
});

describe('steps of a release', () => {
  it('The steps of a release are equal to the golden file', async () => {
    const text = steps
      .map((step) => {
        if (step.kind === 'upload') return `# ${step.name}\n# ${step.from} -> ${step.to}\n`;
        const again =
          step.triggeredBy.length > 0 ? `# again when ${step.triggeredBy.join(', ')} changed\n` : '';
        const input = step.stdin ? `# stdin: ${step.stdin}\n` : '';
        const gone = step.delete ? `\n# when the host goes\n${step.delete}\n` : '';
        return `# ${step.name}\n${again}${input}${step.create}\n${gone}`;
      })
      .join('\n');
    await expect(text).toMatchFileSnapshot('golden/steps.sh');
  });

  it('The steps of several hosts and of their queue host are equal to the golden file', async () => {
    const shared = releaseSteps({ hash: '0123456789abcdef', file: 'x', certificate: true, shared: true });
    const own = shared.filter((step) => step.kind === 'command' && step.name === 'authority');
    const steps = [...own, ...Object.values(SHARED_QUEUE_STEPS), ...queueHostSteps()];
    const text = steps.map((step) => {
      if (!('create' in step)) return '';
      const gone = 'delete' in step ? `\n# when it goes\n${step.delete}\n` : '';
      return `# ${step.name}${step.stdin ? `, stdin: ${step.stdin}` : ''}\n${step.create}\n${gone}`;
    });
    await expect(text.join('\n')).toMatchFileSnapshot('golden/shared-steps.sh');
    expect(shared.map(({ name }) => name)).toEqual([
      'prepare',
      'upload',
      'environment',
      'certificate',
      'authority',
      'activate',
      'drain',
    ]);
    const activate = shared.find(({ name }) => name === 'activate');
    expect(activate).toMatchObject({ triggeredBy: ['environment', 'certificate', 'authority'] });
  });

  it('The steps have no certificate without the proxy, and no hand-over without a predecessor', () => {
    const names = releaseSteps({ hash: '0123456789abcdef', file: 'x', certificate: false }).map(
      ({ name }) => name,
    );
    expect(names).toEqual(['prepare', 'upload', 'environment', 'activate', 'drain']);
  });

  it('The steps are refused for an invalid hash', () => {
    expect(() => releaseSteps({ hash: '$(reboot)', file: 'x', certificate: false })).toThrow(/hash/);
  });

  it.skipIf(!has('shellcheck'))('The steps pass shellcheck (skipped without it)', () => {
    const commands: readonly { create: string; delete?: string }[] = [
      ...steps.filter((step) => step.kind === 'command'),
      ...Object.values(SHARED_QUEUE_STEPS),
      ...queueHostSteps(),
    ];
    for (const step of commands) {
      for (const text of [step.create, step.delete ?? ':']) {
        expect(check('shellcheck', ['--shell=sh', '-'], `${text}\n`)).toEqual({ code: 0, text: '' });
      }
    }
  });

  it('The input of the hand-over has two lines and a key', () => {
    const from = {
      address: '192.0.2.1',
      hostPublicKey: 'ssh-ed25519 AAAA\n',
      privateKey: '-----BEGIN\nx\n-----END\n',
    };
    expect(handoverInput(from)).toBe('192.0.2.1\nssh-ed25519 AAAA\n-----BEGIN\nx\n-----END\n');
    expect(handoverInput({ ...from, predecessor: '4711' })).toMatch(/^192\.0\.2\.1 4711\nssh-ed25519 AAAA\n/);
  });
});
