/** Real models have a handful of files, a level or two deep. */
const DEEPEST = 32;
const LONGEST_SEGMENT_BYTES = 255;

/**
 * The path of an archive's entry, relative to the model's folder; undefined for the folder itself.
 *
 * @param refuse Called with the reason why the name is not acceptable; must throw.
 */
export function entryPath(name: string, refuse: (reason: string) => never): string | undefined {
  if (name.includes('\0')) refuse('its name has a NUL character');
  // On Windows a backslash also separates folders. No tool that writes models uses it in names.
  if (name.includes('\\')) refuse('its name has a backslash');
  if (name.startsWith('/') || /^[a-z]:/i.test(name)) refuse('its path is absolute');
  const segments = name.split('/').filter((segment) => segment !== '' && segment !== '.');
  if (segments.includes('..')) refuse('its path leaves the archive with ".."');
  if (segments.length > DEEPEST) refuse(`it is more than ${DEEPEST} folders deep`);
  if (segments.some((segment) => Buffer.byteLength(segment) > LONGEST_SEGMENT_BYTES)) {
    refuse(`its name is longer than ${LONGEST_SEGMENT_BYTES} bytes`);
  }
  return segments.length === 0 ? undefined : segments.join('/');
}
