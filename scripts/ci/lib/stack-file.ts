import { type Document, isSeq, parseDocument, YAMLSeq } from 'yaml';

const NETWORKS = ['config', 'oven:sshAllowedCidrs'];

/** Variables of the environment, and the keys of a stack's file that would replace them. */
const CREDENTIALS: readonly (readonly [variables: readonly string[], keys: readonly string[]])[] = [
  [['DIGITALOCEAN_TOKEN'], ['digitalocean:token']],
  [
    ['SPACES_ACCESS_KEY_ID', 'SPACES_SECRET_ACCESS_KEY'],
    ['digitalocean:spacesAccessId', 'digitalocean:spacesSecretKey'],
  ],
  [['CLOUDFLARE_API_TOKEN'], ['cloudflare:apiToken', 'cloudflare:apiKey', 'cloudflare:email']],
];

/** The file of a stack. The stack's name may have organisation and project: ORG/oven/prod. */
export function stackFile(stack: string): string {
  const name = stack.split('/').at(-1) ?? '';
  if (!/^[A-Za-z0-9._-]+$/.test(name)) throw new Error(`"${stack}" is not the name of a stack`);
  return `Pulumi.${name}.yaml`;
}

/** The committed networks that may use SSH. */
export function networks(text: string): readonly string[] {
  const list = parse(text).getIn(NETWORKS);
  return isSeq(list) ? (list.toJSON() as unknown[]).map(String) : [];
}

/** The name of the host's firewall, which is the droplet's, from the stack's file or from Pulumi.yaml. */
export function firewallName(text: string, project: string): string | undefined {
  const name =
    parse(text).getIn(['config', 'oven:dropletName']) ??
    parse(project).getIn(['config', 'dropletName', 'default']);
  return typeof name === 'string' ? name : undefined;
}

/** The file with one more network. Comments and encrypted values stay as they are. */
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

/** The file without the credentials that the environment has: otherwise Pulumi would use the file's, which may do more. */
export function withoutCredentials(text: string, environment: NodeJS.ProcessEnv): string {
  const document = parse(text);
  for (const [variables, keys] of CREDENTIALS) {
    if (!variables.every((name) => environment[name])) continue;
    for (const key of keys) document.deleteIn(['config', key]);
  }
  return print(document);
}

/** The missing variables. Without them a run would use the stack's own credentials. */
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
