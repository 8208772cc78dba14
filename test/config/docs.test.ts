import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { RENDERED } from '../../scripts/config-docs.ts';
import { LIMITS } from '../../service/bake/limits.ts';
import { BAKE_VARIABLES, SECTIONS, VARIABLES } from '../../service/config/variables.ts';

describe('The table of variables', () => {
  it('Every variable stands in exactly one section of the docs', () => {
    const listed = Object.values(SECTIONS).flatMap((section) => Object.keys(section));
    expect(listed.sort()).toEqual(Object.keys(VARIABLES).sort());
  });

  it('Every variable says how it is written', () => {
    const silent = Object.entries(VARIABLES).filter(([, { form }]) => !form.description);
    expect(silent.map(([name]) => name)).toEqual([]);
  });

  it.each(
    Object.entries(VARIABLES).flatMap(([name, row]) => ('default' in row ? [[name, row] as const] : [])),
  )('The default of %s can be read', (_name, { form, default: text }) => {
    expect(form.safeParse(text).success).toBe(true);
  });

  it.each(Object.entries(RENDERED))('%s follows from the table (npm run fix writes it)', (path, render) => {
    expect(readFileSync(path, 'utf8')).toBe(render());
  });

  it('The docs name no limit that does not exist', () => {
    const known = Object.keys(VARIABLES);
    for (const path of globSync(['*.md', 'docs/*.md'], { exclude: ['CHANGELOG.md'] })) {
      const named = readFileSync(path, 'utf8').match(/\bMAX_[A-Z_]+[A-Z]/g) ?? [];
      expect([path, named.filter((name) => !known.includes(name))]).toEqual([path, []]);
    }
  });

  it('The help of oven bake names every variable that it reads, with the default of every limit', async () => {
    const { bakeCommand } = await import('../../bin/bake.ts');
    let help = '';
    const command = bakeCommand().configureOutput({
      writeOut: (text) => {
        help += text;
      },
    });
    command.outputHelp();
    for (const name of Object.keys(BAKE_VARIABLES)) expect(help).toContain(name);
    for (const row of Object.values(LIMITS)) {
      expect(help).toMatch(new RegExp(`${row.variable} .*\\(${row.default} when not set\\)`));
    }
  });

  it('docs/tape.md names every limit of a tape', () => {
    const text = readFileSync('docs/tape.md', 'utf8');
    const missing = Object.values(LIMITS).filter(({ variable }) => !text.includes(variable));
    expect(missing).toEqual([]);
  });
});
