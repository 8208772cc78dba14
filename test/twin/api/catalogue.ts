/** What DigitalOcean offers here: enough of it that a wrong choice is refused. */
export interface Size {
  readonly slug: string;
  readonly memory: number;
  readonly vcpus: number;
  /** Gibibytes. */
  readonly disk: number;
  readonly monthly: number;
}

export interface Region {
  readonly slug: string;
  readonly name: string;
  readonly available: boolean;
  readonly sizes: readonly string[];
}

export interface Image {
  readonly id: number;
  readonly slug: string;
  readonly name: string;
  readonly distribution: string;
}

const size = (slug: string, memory: number, vcpus: number, disk: number, monthly: number): Size => ({
  slug,
  memory,
  vcpus,
  disk,
  monthly,
});

export const SIZES: readonly Size[] = [
  size('s-1vcpu-512mb-10gb', 512, 1, 10, 4),
  size('s-1vcpu-1gb', 1024, 1, 25, 6),
  size('s-1vcpu-2gb', 2048, 1, 50, 12),
  size('s-2vcpu-2gb', 2048, 2, 60, 18),
  size('s-2vcpu-4gb', 4096, 2, 80, 24),
  size('s-4vcpu-8gb', 8192, 4, 160, 48),
  size('c-2', 4096, 2, 25, 42),
];

const ALL = SIZES.map(({ slug }) => slug);
const MOST = ALL.filter((slug) => slug !== 's-1vcpu-512mb-10gb');
const region = (slug: string, name: string, sizes: readonly string[]): Region => ({
  slug,
  name,
  sizes,
  available: sizes.length > 0,
});

export const REGIONS: readonly Region[] = [
  region('nyc1', 'New York 1', ALL),
  region('nyc2', 'New York 2', []),
  region('nyc3', 'New York 3', ALL),
  region('sfo2', 'San Francisco 2', MOST),
  region('sfo3', 'San Francisco 3', ALL),
  region('atl1', 'Atlanta 1', MOST),
  region('ams3', 'Amsterdam 3', ALL),
  region('fra1', 'Frankfurt 1', ALL),
  region('lon1', 'London 1', ALL),
  region('sgp1', 'Singapore 1', MOST),
  region('tor1', 'Toronto 1', MOST),
  region('blr1', 'Bangalore 1', MOST),
  region('syd1', 'Sydney 1', MOST),
];

const image = (id: number, slug: string, name: string, distribution: string): Image => ({
  id,
  slug,
  name,
  distribution,
});

export const IMAGES: readonly Image[] = [
  image(155133621, 'ubuntu-24-04-x64', '24.04 (LTS) x64', 'Ubuntu'),
  image(129211873, 'ubuntu-22-04-x64', '22.04 (LTS) x64', 'Ubuntu'),
  image(195932981, 'debian-13-x64', '13 x64', 'Debian'),
  image(170103547, 'debian-12-x64', '12 x64', 'Debian'),
];

const FEATURES = ['backups', 'ipv6', 'metadata', 'install_agent', 'storage', 'image_transfer'];

/** A region as the API shows it. */
export function showRegion({ slug, name, available, sizes }: Region) {
  return { slug, name, available, sizes, features: FEATURES };
}

/** A size as the API shows it. */
export function showSize({ slug, memory, vcpus, disk, monthly }: Size) {
  const regions = REGIONS.filter(({ sizes }) => sizes.includes(slug)).map((region) => region.slug);
  return {
    slug,
    memory,
    vcpus,
    disk,
    regions,
    available: regions.length > 0,
    transfer: vcpus,
    price_monthly: monthly,
    price_hourly: Math.round((monthly / 672) * 100_000) / 100_000,
    description: slug.startsWith('c-') ? 'CPU-Optimized' : 'Basic',
  };
}
