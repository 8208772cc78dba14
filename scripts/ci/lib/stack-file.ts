import { type Document, isSeq, parseDocument, YAMLSeq } from 'yaml';

const NETWORKS = ['config', 'oven:sshAllowedCidrs'];

/** What stands in a stack's file for a variable of the environment; the file's value would win over the variable. */
const CREDENTIALS: readonly (readonly [variables: readonly string[], keys: readonly string[]])[] = [
  [['DIGITALOCEAN_TOKEN'], ['digitalocean:token']],
  [
    ['SPACES_ACCESS_KEY_ID', 'SPACES_SECRET_ACCESS_KEY'],
    ['digitalocean:spacesAccessId', 'digitalocean:spacesSecretKey'],
  ],
  [['CLOUDFLARE_API_TOKEN'], ['cloudflare:apiToken', 'cloudflare:apiKey', 'cloudflare:email']],
];

/** The file of a stack, which may be named with its organisation and project: ORG/oven/prod. */
export function stackFile(stack: string): string {
  const name = stack.split('/').at(-1) ?? '';
  if (!/^[A-Za-z0-9._-]+$/.test(name)) throw new Error(`"${stack}" is not the name of a stack`);
  return `Pulumi.${name}.yaml`;
}

/** The networks that may reach SSH by what is committed. */
export function networks(text: string): readonly string[] {
  const list = parse(text).getIn(NETWORKS);
  return isSeq(list) ? (list.toJSON() as unknown[]).map(String) : [];
}

/** What the host's firewall is called: as the droplet, by the stack's file or the project's (Pulumi.yaml). */
export function firewallName(text: string, project: string): string | undefined {
  const name =
    parse(text).getIn(['config', 'oven:dropletName']) ??
    parse(project).getIn(['config', 'dropletName', 'default']);
  return typeof name === 'string' ? name : undefined;
}

/** The file with one network more; all else is left as it is, comments and encrypted values too. */
export function withNetwork(text: string, network: string): string {
  const document = parse(text);
  if (!isSeq(document.getIn(NETWORKS))) document.setIn(NETWORKS, new YAMLSeq());
  if (!networks(text).includes(network)) document.addIn(NETWORKS, network);
  return print(document);
}

/** The file without a network. */
export function withoutNetwork(text: string, network: string): string {
  const document = parse(text);
  const list = document.getIn(NETWORKS);
  if (isSeq(list)) list.items = list.items.filter((_item, index) => String(list.get(index)) !== network);
  return print(document);
}

/** The file without the providers' credentials that the environment gives: else the file's, which may do more, would be used. */
export function withoutCredentials(text: string, environment: NodeJS.ProcessEnv): string {
  const document = parse(text);
  for (const [variables, keys] of CREDENTIALS) {
    if (!variables.every((name) => environment[name])) continue;
    for (const key of keys) document.deleteIn(['config', key]);
  }
  return print(document);
}

/** The variables without which a run would use the stack's own credentials. */
export function missingCredentials(environment: NodeJS.ProcessEnv): readonly string[] {
  return CREDENTIALS.flatMap(([variables]) => variables).filter((name) => !environment[name]);
}

function parse(text: string): Document {
  const document = parseDocument(text);
  if (document.errors[0]) throw new Error("the stack's file is no YAML", { cause: document.errors[0] });
  return document;
}

function print(document: Document): string {
  return document.toString({ lineWidth: 0 });
}
