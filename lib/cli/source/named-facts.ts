const TRAINERS = ['fastai', 'fastcore', 'torch', 'torchvision', 'timm', 'spacy'];

/** Picks the packages that a learner's numbers depend on from a table. */
export function trainersOf(packages: object): Record<string, string> {
  return Object.fromEntries(
    Object.entries(packages).filter(
      (entry): entry is [string, string] =>
        TRAINERS.includes(entry[0]) && typeof entry[1] === 'string' && entry[1].length < 64,
    ),
  );
}

/**
 * The versions that a list of requirements pins: `fastai=2.7.12` (the Hub's form), `torch==2.1.0`.
 */
export function pinnedVersions(requirements: string): Record<string, string> {
  const pins = requirements.matchAll(/(?<![\w.-])([a-z]{3,20}) ?={1,2} ?(\d[\w.+]{0,40})/g);
  return trainersOf(Object.fromEntries(Array.from(pins, ([, name, version]) => [name, version])));
}
