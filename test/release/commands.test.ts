import { describe, expect, it } from 'vitest';
import { handoverInput, releaseSteps } from '../../infra/release/commands.ts';
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
    for (const step of steps) {
      if (step.kind !== 'command') continue;
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
