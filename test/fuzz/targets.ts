/** What is fuzzed: the modules that export each `target`. They are loaded in the processes that try them. */
export const TARGETS = {
  zip: moduleOf('zip'),
  png: moduleOf('png'),
  wav: moduleOf('wav'),
  timing: moduleOf('timing'),
  api: moduleOf('api'),
  callback: moduleOf('callback'),
  bake: moduleOf('bake'),
  service: moduleOf('service'),
};

export type TargetName = keyof typeof TARGETS;

function moduleOf(name: string): string {
  return new URL(`./targets/${name}.ts`, import.meta.url).href;
}
