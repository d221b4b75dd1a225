import { CommandError } from '../../errors.js';
import { MAX_FACTS_BYTES, type FileTree } from '../file-tree.js';
import { findLearner } from '../find-learner.js';
import { refusal } from './download.js';
import { request } from './http.js';
import { pathParts, type RemoteFile } from './remote-file.js';

const HUB = 'https://huggingface.co';
/** The list of a repository's files: about 100,000 files. */
const MAX_LIST_BYTES = 10 * 2 ** 20;
const ADDRESS =
  /^(spaces\/|datasets\/)?([\w-][\w.-]{0,95}\/[\w-][\w.-]{0,95})(?:@([^/@]{1,200}))?(?:\/(.{1,1000}))?$/;
const ACCESS =
  'Check the name; for a private or gated repository, set HF_TOKEN to a token that may read it';

/** A file of the Hugging Face Hub, or a repository to search for it. */
interface HubAddress {
  /** `''`, `spaces/` or `datasets/`. */
  readonly type: string;
  readonly repository: string;
  readonly revision: string;
  readonly path: string | undefined;
}

/**
 * The learner of `hf://owner/name[@revision][/file]`, or of a Space as `hf://spaces/owner/name`.
 * Without a file, the repository is searched like a folder. Uses the Hub's HTTP API at
 * `HF_ENDPOINT` (default `https://huggingface.co`), and sends `HF_TOKEN` only to it.
 *
 * @throws CommandError if the Hub refuses it, or it does not contain a learner.
 */
export async function hubFile(target: string): Promise<RemoteFile> {
  const address = parse(target);
  const endpoint = hubEndpoint();
  const { type, repository } = address;
  const { commit, paths } = await listFiles(endpoint, address, target);
  const base = `${endpoint}/${type}${repository}/resolve/${commit}/`;
  const fileAt = (path: string): RemoteFile => ({
    key: `${base}${path}`,
    from: `hf://${type}${repository}@${commit}/${path}`,
    parts: [...repository.split('/'), ...path.split('/')],
    request: { url: new URL(base + encodePath(path)), authorization: authorization() },
    immutable: true,
    accessRemedy: ACCESS,
  });
  if (address.path !== undefined && paths.includes(address.path)) return fileAt(address.path);
  const inside = address.path === undefined ? '' : `${address.path.replace(/\/$/, '')}/`;
  const tree: FileTree = {
    from: target,
    paths: paths.flatMap((path) => (path.startsWith(inside) ? [path.slice(inside.length)] : [])),
    read: async (path) => {
      const bytes = await fetchSmall(fileAt(inside + path), MAX_FACTS_BYTES);
      return bytes.toString('utf8');
    },
  };
  if (tree.paths.length === 0) {
    throw new CommandError(`No file at ${target}`, `Give a file of the repository`);
  }
  const { path, ...facts } = await findLearner(tree);
  return { ...fileAt(inside + path), ...facts };
}

/** The same address in the form of the Hub's pages in a browser. */
export function hubPage(url: URL): string | undefined {
  if (url.origin !== new URL(hubEndpoint()).origin) return undefined;
  const [, ...parts] = pathParts(url);
  const type = parts[0] === 'spaces' || parts[0] === 'datasets' ? `${parts.shift()}/` : '';
  const [owner, name, view, revision, ...path] = parts.filter((part) => part !== '');
  if (owner === undefined || name === undefined) return undefined;
  const repository = `hf://${type}${owner}/${name}`;
  if (view === undefined) return repository;
  if (!['blob', 'resolve', 'tree'].includes(view) || revision === undefined) return undefined;
  return [`${repository}@${encodeURIComponent(revision)}`, ...path].join('/');
}

function parse(target: string): HubAddress {
  const [, type = '', repository, revision = 'main', path] =
    ADDRESS.exec(target.slice('hf://'.length)) ?? [];
  const steps = path?.split('/') ?? [];
  if (repository === undefined || steps.includes('..') || steps.includes('.')) {
    throw new CommandError(
      `"${target}" is not an address of the Hugging Face Hub`,
      'Write hf://owner/name, hf://owner/name@revision or hf://owner/name/file; for a Space, hf://spaces/owner/name',
    );
  }
  return { type, repository, revision: decodeRevision(revision), path };
}

/** "%2F" stands for "/" in a revision. */
function decodeRevision(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function hubEndpoint(): string {
  const given = process.env['HF_ENDPOINT'] || HUB;
  if (!/^https?:\/\//.test(given) || !URL.canParse(given)) {
    throw new CommandError(`HF_ENDPOINT is "${given}"`, 'Set it to a URL with http: or https:');
  }
  return given.replace(/\/+$/, '');
}

function authorization(): string | undefined {
  const token = process.env['HF_TOKEN']?.trim();
  return token ? `Bearer ${token}` : undefined;
}

async function listFiles(
  endpoint: string,
  { type, repository, revision }: HubAddress,
  target: string,
): Promise<{ commit: string; paths: string[] }> {
  const kind = type === '' ? 'models/' : type;
  const url = new URL(
    `${endpoint}/api/${kind}${repository}/revision/${encodeURIComponent(revision)}`,
  );
  const answer = await fetchSmall(
    {
      from: `hf://${type}${repository}@${revision}`,
      request: { url, authorization: authorization() },
      accessRemedy: ACCESS,
    },
    MAX_LIST_BYTES,
  );
  try {
    const { sha, siblings } = JSON.parse(answer.toString('utf8')) as {
      sha: unknown;
      siblings: { rfilename: unknown }[];
    };
    const paths = siblings.map(({ rfilename }) => String(rfilename));
    if (typeof sha === 'string' && /^[0-9a-f]{40}$/.test(sha)) return { commit: sha, paths };
  } catch {
    // Said below.
  }
  throw new CommandError(
    `${url.host} does not answer like the Hugging Face Hub for ${target}`,
    'Check HF_ENDPOINT',
  );
}

async function fetchSmall(
  file: Pick<RemoteFile, 'request' | 'from' | 'accessRemedy'>,
  most: number,
): Promise<Buffer> {
  const answer = await request(file, {}, () => {});
  try {
    if (!answer.response.ok) throw refusal(file, answer.response.status);
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    for await (const piece of answer.body()) {
      bytes += piece.length;
      if (bytes > most) {
        throw new CommandError(
          `The Hub's answer about ${file.from} has more than ${most / 2 ** 20} MiB`,
          'Give the file: hf://owner/name/file',
        );
      }
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  } finally {
    answer.abort();
  }
}

function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}
