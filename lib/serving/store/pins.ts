import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Tag } from './tag.js';
import { yaml } from './yaml-document.js';

/** Folders in a store's home that pin models: this package's bundles, and BentoML's bentos. */
const HOLDERS = [
  ['bundles', 'bundle.yaml'],
  ['bentos', 'bento.yaml'],
] as const;

/** The bundles and bentos that list a model. An unreadable list does not pin anything. */
export async function pinsOf(home: string, tags: readonly Tag[]): Promise<Map<string, string[]>> {
  const wanted = new Set(tags.map(String));
  const pins = new Map<string, string[]>();
  for (const [folder, file] of HOLDERS) {
    for (const name of await entries(join(home, folder))) {
      for (const version of await entries(join(home, folder, name))) {
        for (const tag of await modelsIn(join(home, folder, name, version, file))) {
          if (!wanted.has(tag)) continue;
          const holder = `${folder.slice(0, -1)} ${name}:${version}`;
          pins.set(tag, [...(pins.get(tag) ?? []), holder]);
        }
      }
    }
  }
  return pins;
}

async function entries(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).sort();
}

/** Tags under `models`, which lists texts or maps with a `tag`. */
async function modelsIn(path: string): Promise<string[]> {
  try {
    const { models } = yaml().parse(await readFile(path, 'utf8')) as {
      models: ({ tag?: string } | null)[];
    };
    return models.map((model) => String(typeof model === 'object' ? model?.tag : model));
  } catch {
    return [];
  }
}
