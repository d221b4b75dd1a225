const NUMBERS = /-?\d+(?:\.\d+)?(?:e[-+]?\d+)?/g;

/** Whether a text is the one that is shown: the last digits of a number are the machine's. */
export function isSameOutput(actual: string, shown: string): boolean {
  const [before, ...left] = shown.split('...');
  if (left.length > 0) return actual.startsWith(before!);
  const [given, wanted] = [actual, shown].map((text) =>
    text
      .split('\n')
      .map((line) => line.trimEnd())
      .join('\n')
      .trim(),
  ) as [string, string];
  const words = (text: string): string => text.replace(NUMBERS, '0');
  const numbers = (text: string): number[] => (text.match(NUMBERS) ?? []).map(Number);
  const expected = numbers(wanted);
  return (
    words(given) === words(wanted) &&
    numbers(given).every((value, index) => Math.abs(value - expected[index]!) <= 1e-4)
  );
}
