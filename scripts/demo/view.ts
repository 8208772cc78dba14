import cliProgress from 'cli-progress';

/** The progress of several bakes, for the terminal. */
export interface View {
  update(slug: string, status: string, progress: number): void;
  end(): void;
}

/** On a terminal each tape has a bar. Elsewhere each new stage of a tape is a line. */
export function openView(stream: NodeJS.WriteStream, slugs: readonly string[]): View {
  const widest = Math.max(...slugs.map(({ length }) => length));
  if (!stream.isTTY) {
    const last = new Map<string, string>();
    return {
      update: (slug, status) => {
        if (last.get(slug) === status) return;
        last.set(slug, status);
        stream.write(`  ${slug.padEnd(widest)}  ${status}\n`);
      },
      end: () => {},
    };
  }
  const bars = new cliProgress.MultiBar(
    {
      stream,
      format: '  {slug}  {bar} {percentage}%  {status}',
      barsize: 30,
      hideCursor: true,
      gracefulExit: false,
      emptyOnZero: true,
      fps: 10,
    },
    cliProgress.Presets.shades_classic,
  );
  const bySlug = new Map(
    slugs.map((slug) => [slug, bars.create(1, 0, { slug: slug.padEnd(widest), status: '' })]),
  );
  return {
    update: (slug, status, progress) => bySlug.get(slug)?.update(progress, { status }),
    end: () => bars.stop(),
  };
}
